export { type ChatMessage, SPECIAL_TOKENS, type SpecialRole, Tokenizer } from "./tokenizer.ts";
export { readTokenizerFile, type TokenizerFile, TokenizerFileSchema, type TokenRole, toVocabulary, type Vocabulary } from "./tokenizer-file.ts";
export { trainBpe, type TrainBpeOptions, WORD_PATTERN } from "./train-bpe.ts";
export { QWEN_PATTERN, readTokenizerFolder } from "./tokenizer-folder.ts";
