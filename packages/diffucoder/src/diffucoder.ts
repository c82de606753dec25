import type { GenerationEvent, Generation } from "./events.ts";
import type { GenerationConfig } from "./generation-config.ts";
export interface ChatMessage {
  role: "system" | "user" | "assistant";
  content: string;
}
export interface GenerateOptions {
  prompt?: string | undefined;
  messages?: readonly ChatMessage[] | undefined;
  maxNewTokens?: number | undefined;
  maxTokens?: number | undefined;
  steps?: number | undefined;
  alg?: string | undefined;
  temperature?: number | undefined;
  topP?: number | undefined;
  seed?: number | undefined;
  earlyExit?: boolean | undefined;
  signal?: AbortSignal | undefined;
}
export interface DiffuCoder {
  generationConfig: Readonly<GenerationConfig>;
  stream(options: GenerateOptions): AsyncGenerator<GenerationEvent>;
  generate(options: GenerateOptions): Promise<Generation>;
}
export declare function loadDiffuCoder(dir: string): Promise<DiffuCoder>;
