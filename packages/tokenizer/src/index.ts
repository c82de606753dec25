export { type ChatMessage, type ChatOptions, SPECIAL_TOKENS, type SpecialRole, Tokenizer } from "./tokenizer.ts";
export { readTokenizerFile, type TokenizerFile, TokenizerFileSchema, type TokenRole, toVocabulary, type Vocabulary } from "./tokenizer-file.ts";
export { trainBpe, type TrainBpeOptions, WORD_PATTERN } from "./train-bpe.ts";
export { type AddedToken } from "./added-tokens.ts";
export { QWEN_PATTERN } from "./pre-tokenizer.ts";
export { readTokenizerFolder } from "./tokenizer-folder.ts";
