/** The most positions of a row, and the most steps of a run: beyond what any model takes, so that a slip of the pen is an error at once. */
export const MOST = 2 ** 17;

/** Temperatures below it are 0: logits divided by them overflow, and no two tokens but exact ties would ever be drawn. As in vLLM. */
export const COLDEST = 1e-5;

/** Higher temperatures are this one: every allowed token is as likely as any other. */
export const HOTTEST = 1e6;

/** Stands for minus infinity among logits. */
export const NEVER = -1e30;
