/** Sentences of the upload page, in one place, ready for translation. */

const count = (number: number, one: string, many: string) =>
  `${number.toLocaleString("en-GB")} ${number === 1 ? one : many}`;

export const upload = {
  progress: "Upload progress",
  reading: (files: number) => `Looking for files: ${count(files, "file", "files")} found`,
  sending: (done: number, of: number) =>
    `${done.toLocaleString("en-GB")} of ${count(of, "file", "files")} sent`,
  unpacking: (name: string, done: number) =>
    `Unpacking ${name}: ${count(done, "object", "objects")} checked`,
  finishing: "Sorting the series…",
  cancel: "Cancel",
  cancelled: "Cancelled. What had arrived is kept.",
  nothing: "There was no file in what you dropped.",
  failed: (why: string) =>
    `The upload stopped: ${why} What had arrived is kept; send the rest again.`,
  result: "Result",
  accepted: (n: number) => count(n, "object received", "objects received"),
  duplicate: (n: number) => count(n, "object was here already", "objects were here already"),
  set_aside: (n: number) => `${count(n, "object", "objects")} set aside for a decision`,
  refused: (n: number) => `${count(n, "file", "files")} not used`,
  study: (id: number) => `Open study ${id}`,
  worklist: "Go to the worklist",
  problems: "Files that were not used",
  file: "File",
  reason: "Reason",
  more: (n: number) => `… and ${count(n, "more", "more")}`,
} as const;
