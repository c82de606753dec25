import { GenerateSettingsSchema } from "@diffucoder/engine";

const {
  messages: _messages,
  promptIds: _promptIds,
  tools: _tools,
  continueFinalMessage: _continue,
  chatTemplate: _chat,
  earlyExit: _early,
  pinned: _pinned,
  provisional: _provisional,
  ...settings
} = GenerateSettingsSchema.shape;

/** What of a generation is asked for by a flag: all but what a program alone can give. */
export const generationSettings = settings;
