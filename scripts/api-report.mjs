// What a package promises, as a text that a review can read: docs/api/NAME.api.md, made by API Extractor of the built declarations.
//
//   pnpm api:report      builds and writes all of them; commit what changes
//   pnpm api:check       fails if one is not what the code says
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Extractor, ExtractorConfig } from "@microsoft/api-extractor";
import { root, workspacePackages } from "./workspace.mjs";

const isCheck = process.argv.includes("--check");
const reports = join(root, "docs", "api");
const written = join(root, ".cache", "api");
for (const folder of [reports, written]) mkdirSync(folder, { recursive: true });

const packages = workspacePackages().filter(({ folder, manifest }) => folder.startsWith("packages/") && !manifest.private);
const changed = packages.filter((each) => reportChanges(each)).map(({ name }) => name);
if (!isCheck) process.stdout.write(`api-report: ${changed.length} of ${packages.length} reports in docs/api changed\n`);
else if (changed.length === 0) process.stdout.write(`api-report: ${packages.length} packages promise what docs/api says\n`);
else {
  process.stderr.write(
    `api-report: ${changed.join(", ")}: exports are not those of docs/api. Run \`pnpm api:report\`, read the difference, commit it.\n`,
  );
  process.exitCode = 1;
}

/** Whether a package's report is not the one in docs/api; outside of a check it is then written. */
function reportChanges({ name, folder }) {
  const file = `${name.replace("@diffucoder/", "")}.api.md`;
  const path = join(reports, file);
  const before = existsSync(path) ? readFileSync(path, "utf8") : undefined;
  const config = ExtractorConfig.prepare({
    configObject: configOf(join(root, folder), file),
    configObjectFullPath: undefined,
    packageJsonFullPath: join(root, folder, "package.json"),
  });
  const { succeeded } = Extractor.invoke(config, { localBuild: !isCheck, messageCallback: onMessage });
  if (!succeeded && !isCheck) throw new Error(`API Extractor cannot read the declarations of ${name}`);
  return readFileSync(join(isCheck ? written : reports, file), "utf8") !== before;
}

function configOf(projectFolder, reportFileName) {
  return {
    projectFolder,
    mainEntryPointFilePath: join(projectFolder, "dist", "index.d.ts"),
    compiler: {
      overrideTsconfig: {
        compilerOptions: {
          target: "es2023",
          lib: ["ES2023", "DOM"],
          module: "nodenext",
          moduleResolution: "nodenext",
          types: ["node"],
          skipLibCheck: true,
        },
        files: ["dist/index.d.ts"],
      },
    },
    apiReport: { enabled: true, reportFolder: reports, reportTempFolder: written, reportFileName },
    docModel: { enabled: false },
    dtsRollup: { enabled: false },
    tsdocMetadata: { enabled: false },
    newlineKind: "lf",
    messages: {
      compilerMessageReporting: { default: { logLevel: "error" } },
      extractorMessageReporting: { default: { logLevel: "none" } }, // doc comments are held by check-docs.mjs
      tsdocMessageReporting: { default: { logLevel: "none" } },
    },
  };
}

/** Only errors are worth a line; that a report is new or another is said above. */
function onMessage(message) {
  message.handled = message.logLevel !== "error";
}
