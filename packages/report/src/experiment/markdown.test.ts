import { describe, expect, it } from "vitest";
import { markdown } from "./markdown.ts";

const plain = (text: string): string =>
  markdown(text)
    .markup.replaceAll(/\s*\n\s*/g, "")
    .replaceAll(/>\s+</g, "><");

describe("markdown", () => {
  it.each([
    ["# Title\n## Part", "<h3>Title</h3><h4>Part</h4>"],
    ["one\ntwo\n\nthree", "<p>one two</p><p>three</p>"],
    ["- a\n- b\n  goes on\n\n1. c", "<ul><li>a</li><li>b goes on</li></ul><ol><li>c</li></ol>"],
    ["text\n- a", "<p>text</p><ul><li>a</li></ul>"],
    ["```sh\nnpm run report\n\n# no heading\n```", '<pre tabindex="0">npm run report# no heading</pre>'],
    [
      "| a | `b` |\n| - | :-: |\n| 1 | **2** |",
      '<div class="scroll"><table><thead><tr><th scope="col">a</th><th scope="col"><code>b</code></th></tr></thead><tbody><tr><td>1</td><td><b>2</b></td></tr></tbody></table></div>',
    ],
    ["*a* _b_ snake_case_name 2 * 3 * 4", "<p><i>a</i><i>b</i> snake_case_name 2 * 3 * 4</p>"],
    ["`**x** <b>`", "<p><code>**x** &#60;b&#62;</code></p>"],
    ["[site](https://example.org/a?b=1&c) and [file](../a.md)", '<p><a href="https://example.org/a?b=1&#38;c">site</a> and file</p>'],
    ["", ""],
  ])("%j", (text, markup) => {
    expect(plain(text)).toBe(markup);
  });

  it("lets no markup and no script through", () => {
    const attack = '<script>alert(1)</script> [x](javascript:alert(1)) ![i](https://a"onload="x) | <img src=x> |\n\n```\n</pre><script>\n```';
    const { markup } = markdown(attack);
    expect(markup).not.toMatch(/<script|<img|href="javascript|"onload/);
  });
});
