import { z } from "zod";

export const TiersSchema = z.record(z.string().regex(/^[1-4]$/), z.number().nonnegative()).describe('share of each tier, e.g. { "2": 1, "3": 2 }');
