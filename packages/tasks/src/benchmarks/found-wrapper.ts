/** Tasks that ask whether something was found. */
const IS_FOUND: ReadonlySet<string> = new Set(["Mbpp/737", "Mbpp/787", "Mbpp/794"]);

/**
 * Python source that makes the functions of these tasks return whether they found something: a bool as it is, anything else as
 * `is not None`, because a match object cannot leave the sandbox. Empty for other tasks.
 */
export function foundWrapper(taskId: string, entryPoint: string): string {
  if (!IS_FOUND.has(taskId)) return "";
  return `
def __found(function):
    def found(*args):
        value = function(*args)
        return value if type(value) is bool else value is not None
    return found
${entryPoint} = __found(${entryPoint})
`;
}
