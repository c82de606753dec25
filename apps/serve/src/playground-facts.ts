// What the page is told of the server and its model. The page reads the same types.

/** `GET /v1/playground` */
export interface PlaygroundFacts {
  model: string;
  /** Tokens of the longest prompt, the chat template's among them. */
  prompt_length: number;
  /** Positions of a completion. */
  max_new_tokens: number;
  steps: number;
  alg: string;
  temperature: number;
  /** What requests the model was made for, a sentence for people; null: nobody says. */
  scope: string | null;
  /** Tasks of the test split that fit the model; empty for a model that was not made for them. */
  tasks: readonly { id: string; prompt: string }[];
  /** Words of the requests that the model was trained on. */
  words: readonly string[];
  /** Whether programs may be run here; if not, why. */
  tests: { available: true } | { available: false; reason: string };
}

/** `POST /v1/playground/tests` */
export interface TestReport {
  /** How the program was kept from this machine. */
  isolation: { level: string; description: string };
  parses: boolean;
  verdicts: readonly {
    verdict: string;
    /** The call, in Python. */
    call: string;
    expected: string;
    got: string;
  }[];
}
