export { type AnswerWithCalls, parseToolCalls, TOOL_CALL_MARK, type ToolCall, type ToolDefinition, type ToolFormat } from "./tool-calls.ts";
export { type ChatMessage, type ChatOptions, SPECIAL_TOKENS, type SpecialRole, Tokenizer } from "./tokenizer.ts";
export type { TokenizerFile, TokenRole, Vocabulary } from "./tokenizer-file.ts";
export { trainBpe, type TrainBpeOptions } from "./train-bpe.ts";
export { type AddedToken } from "./added-tokens.ts";
export { QWEN_PATTERN } from "./pre-tokenizer.ts";
export type { KeptTokens, TokenStore } from "./kept-tokens.ts";
