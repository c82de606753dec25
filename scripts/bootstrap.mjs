// The entry of `npm start`, `npm test`, `npm run serve`, ... in a fresh clone that has only Node and npm.
// This file must parse on any Node that knows modules, so that an old one gets a sentence and not a syntax error.
var wanted = [20, 19];
var found = process.versions.node.split(".").map(Number);

if (found[0] < wanted[0] || (found[0] === wanted[0] && found[1] < wanted[1])) {
  process.stderr.write(
    "DiffuCoder needs Node " + wanted.join(".") + " or newer; this is Node " + process.versions.node + ". Get one from https://nodejs.org.\n",
  );
  process.exitCode = 1;
} else {
  void import("./run-command.mjs").then(function (module) {
    return module.runCommand(process.argv[2], process.argv.slice(3));
  });
}
