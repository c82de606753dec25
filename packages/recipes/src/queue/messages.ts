// What trainer and workers send each other, as JSON. Everything is checked where it arrives: a queue is a place that others write to.
import { type ExecutorOptions, ExecutorOptionsSchema, type LoadSettings, LoadSettingsSchema, type MachineCard } from "@diffucoder/engine";
import { QUEUE_KINDS, type QueueKind } from "@diffucoder/queue";
import { z } from "zod";
import { DecodingOptionsSchema } from "@diffucoder/samplers";
import { RolloutSamplingSchema } from "../training/rollout-sampling.ts";

/** Raised when a message changes its form: a worker of another version says so instead of failing somewhere. */
export const CARD_FORMAT = 2;

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().nonnegative();
const finite = z.number().nullable();
const ids = z.array(z.int().nonnegative()).max(2 ** 20);

const MachineSchema = z.strictObject({ build: z.string().max(200), processor: z.string().max(400) }) satisfies z.ZodType<MachineCard>;

/** What the trainer says of its run. */
export interface RunCard {
  /** Form of the messages. */
  format: typeof CARD_FORMAT;
  /** Names this start of the run. */
  run: string;
  /** What the trainer runs on. */
  machine: MachineCard;
  /** Who trains. */
  trainer: {
    /** Name of its machine. */
    host: string;
    /** Its process. */
    pid: number;
    /** A count that moves while it trains. */
    beat: number;
    /** Steps done. */
    step: number;
    /** Steps after which the weights were those that this step was sampled with. */
    version: number;
  };
  /** How it goes. */
  figures: {
    /** Completions that workers sampled. */
    rollouts: number;
    /** Completions that they scored. */
    rewards: number;
    /** Over the last minute. */
    rolloutsPerSecond: number;
    /** Whose results were used. */
    workers: {
      /** What it calls itself. */
      name: string;
      /** Pieces of work. */
      results: number;
      /** Since the last of them. */
      secondsAgo: number;
    }[];
  };
  /** What workers do. */
  kinds: QueueKind[];
  /** How rollouts of a training are sampled, or the model of an evaluation is loaded, which does not change from piece to piece. */
  work:
    | {
        /** Rollouts of a policy. */
        task: "training";
        /** Seed of the run. */
        seed: number;
        /** How rollouts are decoded. */
        sampling: z.output<typeof RolloutSamplingSchema>;
        /** Where the model runs. */
        executor: ExecutorOptions;
      }
    | {
        /** Answers of a model. */
        task: "evaluation";
        /** How it is loaded. */
        load: Omit<LoadSettings, "adapter">;
        /** Answers that are decoded together. */
        maxRows: number;
        /** Whether the files hold an adapter, in a folder `adapter`. */
        hasAdapter: boolean;
      };
  /** Files of the model's folder; each is fetched by its hash. */
  files: {
    /** Its name in the folder. */
    name: string;
    /** Of its content. */
    sha256: string;
  }[];
  /** Where files are fetched: from the trainer, or from a shared folder. */
  weights:
    | {
        /** Address, to which a hash is appended. */
        url: string;
        /** Lets a worker read. */
        token: string;
      }
    | {
        /** Folder that all machines see. */
        folder: string;
      };
  /** Workers whose results were wrong. */
  quarantined: string[];
}

/** `RunCard` as it is read. */
export const RunCardSchema = z.strictObject({
  format: z.literal(CARD_FORMAT),
  run: z.string().max(64),
  machine: MachineSchema,
  trainer: z.strictObject({ host: z.string().max(300), pid: z.int().positive(), beat: count, step: count, version: count }),
  figures: z.strictObject({
    rollouts: count,
    rewards: count,
    rolloutsPerSecond: z.number(),
    workers: z.array(z.strictObject({ name: z.string().max(200), results: count, secondsAgo: count })),
  }),
  kinds: z.array(z.enum(QUEUE_KINDS)),
  work: z.discriminatedUnion("task", [
    z.strictObject({
      task: z.literal("training"),
      seed: z.int().nonnegative(),
      sampling: RolloutSamplingSchema,
      executor: z.strictObject(ExecutorOptionsSchema.shape),
    }),
    z.strictObject({
      task: z.literal("evaluation"),
      load: LoadSettingsSchema.omit({ adapter: true }),
      maxRows: z.int().positive(),
      hasAdapter: z.boolean(),
    }),
  ]),
  files: z.array(z.strictObject({ name: z.string().regex(/^(adapter\/)?\w[\w.-]*$/), sha256: hash })).max(1000),
  weights: z.union([z.strictObject({ url: z.url(), token: z.string().max(200) }), z.strictObject({ folder: z.string() })]),
  quarantined: z.array(z.string().max(200)).max(10_000),
}) satisfies z.ZodType<RunCard>;

/** Some rows of a step's rollouts. */
export const RolloutJobSchema = z.strictObject({
  step: z.int().nonnegative(),
  /** SHA-256 of the policy's weights. */
  weights: hash,
  /** Row of the step that the first prompt is. */
  firstRow: z.int().nonnegative(),
  promptIds: z.array(ids).min(1).max(65_536),
});

/** Some rows of a step's rollouts. */
export type RolloutJob = z.output<typeof RolloutJobSchema>;

/** What was sampled. */
export const RolloutResultSchema = z.strictObject({
  machine: MachineSchema,
  weights: hash,
  completionIds: z.array(ids).max(65_536),
  forwardTokens: z.int().nonnegative(),
});

/** Some answers of a model: what it is asked, and nothing of the tests. */
export const AnswerJobSchema = z.strictObject({
  decoding: z.strictObject({ ...DecodingOptionsSchema.omit({ seed: true }).shape, maxNewTokens: z.int().positive().optional() }),
  traces: z.boolean(),
  asked: z
    .array(
      z.strictObject({
        seed: z.int().nonnegative(),
        isShown: z.boolean(),
        prompt: z.discriminatedUnion("kind", [
          z.strictObject({
            kind: z.literal("messages"),
            messages: z.array(z.strictObject({ role: z.enum(["system", "user", "assistant"]), content: z.string() })),
            continueFinalMessage: z.boolean(),
          }),
          z.strictObject({ kind: z.literal("hole"), prefix: z.string(), suffix: z.string(), masks: z.int().positive() }),
        ]),
      }),
    )
    .min(1),
});

/** What the model wrote, or why it has no room for it. */
export const AnswerResultSchema = z.strictObject({
  machine: MachineSchema,
  answers: z.array(
    z.union([
      z.strictObject({
        text: z.string(),
        cost: z.strictObject({ forwardPasses: z.int().nonnegative(), tokens: z.int().nonnegative() }),
        trace: z.unknown().optional(),
      }),
      z.strictObject({
        tooLong: z.strictObject({
          argument: z.string().max(1000),
          message: z.string().max(10_000),
          tokens: z.int(),
          limit: z.int(),
        }),
      }),
    ]),
  ),
});

/** A group of completions to score. `tasks[i]` says which of the tests are for completion i. */
export const RewardJobSchema = z.strictObject({
  completions: z.array(z.string()),
  completionLengths: z.array(z.int().nonnegative()),
  tests: z.array(z.record(z.string(), z.unknown())),
  tasks: z.array(z.int().nonnegative()),
  terms: z.array(z.strictObject({ name: z.string(), weight: z.number(), options: z.record(z.string(), z.unknown()).optional() })),
  mode: z.enum(["strict", "compat"]),
});

/** Scores of the completions. */
export const RewardResultSchema = z.strictObject({
  scores: z
    .array(
      z.strictObject({
        reward: finite,
        code: finite,
        terms: z.array(z.strictObject({ name: z.string().max(200), weight: z.number(), value: finite })).max(100),
      }),
    )
    .max(65_536),
});

/** @returns what a text says, or `undefined` if it is not of this form */
export function readMessage<S extends z.ZodType>(schema: S, text: string): z.output<S> | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
