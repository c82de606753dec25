import type { z } from "zod";

/** OpenAI's interface accepts null for a field that is not given, and clients send it. */
export const maybe = <S extends z.ZodType>(schema: S) => schema.nullish().transform((value) => value ?? undefined);
