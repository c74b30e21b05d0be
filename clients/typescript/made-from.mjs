// Notes which documents the types were made of: a test compares the digests with those of the documents.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const digest = (name) => createHash("sha256").update(readFileSync(`../openapi/${name}.json`)).digest("hex");
const digests = Object.fromEntries(["model-server", "collector"].map((name) => [name, digest(name)]));
writeFileSync("src/made-from.json", `${JSON.stringify(digests, null, 1)}\n`);
