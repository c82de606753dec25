import { parseConfig } from "@diffucoder/core";
import { describe, expect, it } from "vitest";
import { QuickstartResultSchema, resultJson } from "./quickstart-result.ts";
import { sampleReportData } from "./quickstart-data.fixture.ts";

describe("resultJson", () => {
  it("keeps exactly the published fields, in their order", () => {
    expect(JSON.stringify(resultJson(sampleReportData()))).toBe(
      '{"seed":42,"passAt1":{"before":0.312,"after":0.4255,"difference":0.1135,"interval95":[0.071,0.157]},"tasks":200,"samplesPerTask":8,"seconds":582}',
    );
  });

  it("is read back as it was written", () => {
    const result = resultJson(sampleReportData());
    expect(parseConfig(QuickstartResultSchema, JSON.parse(JSON.stringify(result)))).toEqual(result);
    expect(() => parseConfig(QuickstartResultSchema, { ...result, tasks: 0 }, { source: "result.json" })).toThrow(
      "Invalid result.json:\n  - tasks: ",
    );
  });
});
