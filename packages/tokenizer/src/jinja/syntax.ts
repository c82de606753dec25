// The syntax tree that @huggingface/jinja's parser makes of a template; the library does not export its types.
import { Template } from "@huggingface/jinja";

export type Node =
  | { type: "If"; test: Node; body: Node[]; alternate: Node[] }
  | { type: "For"; loopvar: Node; iterable: Node; body: Node[]; defaultBlock: Node[] }
  | { type: "Break" | "Continue" | "Comment" }
  | { type: "Set"; assignee: Node; value: Node | null; body: Node[] }
  | { type: "Macro"; name: Identifier; args: Node[]; body: Node[] }
  | { type: "CallStatement"; call: CallExpression; callerArgs: Node[] | null; body: Node[] }
  | { type: "FilterStatement"; filter: Identifier | CallExpression; body: Node[] }
  | Identifier
  | CallExpression
  | KeywordArgument
  | MemberExpression
  | Slice
  | { type: "IntegerLiteral" | "FloatLiteral"; value: number }
  | { type: "StringLiteral"; value: string }
  | { type: "ArrayLiteral" | "TupleLiteral"; value: Node[] }
  | { type: "ObjectLiteral"; value: Map<Node, Node> }
  | { type: "BinaryExpression"; operator: { value: string }; left: Node; right: Node }
  | { type: "UnaryExpression"; operator: { value: string }; argument: Node }
  | { type: "FilterExpression"; operand: Node; filter: Identifier | CallExpression }
  | { type: "SelectExpression"; lhs: Node; test: Node }
  | { type: "TestExpression"; operand: Node; negate: boolean; test: Identifier }
  | { type: "SpreadExpression" | "KeywordSpreadExpression"; argument: Node }
  | { type: "Ternary"; condition: Node; trueExpr: Node; falseExpr: Node };

export interface Identifier {
  type: "Identifier";
  value: string;
}
export interface CallExpression {
  type: "CallExpression";
  callee: Node;
  args: Node[];
}
export interface KeywordArgument {
  type: "KeywordArgumentExpression";
  key: Identifier;
  value: Node;
}
export interface MemberExpression {
  type: "MemberExpression";
  object: Node;
  property: Node;
  computed: boolean;
}
export interface Slice {
  type: "SliceExpression";
  start?: Node;
  stop?: Node;
  step?: Node;
}

/** @throws {SyntaxError} if the source is not Jinja */
export function parseTemplate(source: string): Node[] {
  return new Template(source).parsed.body as Node[];
}
