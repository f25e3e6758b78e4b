/** Sentences of what a reader writes: values, report, signature, and the history of all of it. */

export const writing = {
  edit: {
    title: (condition: string, quantity: string, segment: number, name: string) =>
      `${condition} ${quantity}, segment ${segment} ${name}`,
    value: (unit: string) => `Value (${unit})`,
    automated: "Automated",
    now: "Now",
    reason: "Reason",
    reasons: [
      "Contour cannot be corrected enough",
      "Dark-rim artefact",
      "Motion",
      "Partial volume with blood or fat",
      "Known infarct or scar",
      "Second measurement",
    ],
    otherReason: "Other",
    details: "In words",
    noNumber: "Write a number such as 1.42 or 1,42.",
    outOfRange: "Write a value between 0 and 10 ml/min/g.",
    noReason: "Choose a reason or write one.",
    apply: "Apply",
    reset: "Back to the measured value",
    exclude: "Mark non-diagnostic",
    include: "Use again",
    note: "A typed value has no error, fit or endo/epi split; exports say “entered by observer”.",
  },

  report: {
    indication: "Indication",
    findings: "Findings",
    impression: "Impression",
    saveNote: "Saved as you write.",
    unsigned: "Not signed: the PDF is marked NOT REVIEWED.",
    addenda: "Addenda",
  },

  sending: {
    title: "Results as DICOM and FHIR",
    zip: "Download",
    sendTo: (name: string) => `Send to ${name}`,
    nowhere: "No destination is set for this site.",
    states: { queued: "waiting", sending: "being sent", sent: "sent", failed: "not sent" },
    what: (publication: string) =>
      publication.startsWith("reading") ? "signed reading" : "automated result, not reviewed",
    objects: (count: number) => `${count} ${count === 1 ? "object" : "objects"}`,
    again: (attempts: number, at: string) =>
      `(${attempts} ${attempts === 1 ? "attempt" : "attempts"}, again ${at})`,
  },

  sign: {
    title: "Sign this reading",
    patient: "Patient",
    what: "What you sign",
    noEdits: "No edits: all values are automated.",
    open: (count: number) =>
      `${count} ${count === 1 ? "flag is" : "flags are"} not answered yet. Answer them before signing.`,
    meaning: "Meaning of the signature",
    meanings: {
      author: "I am the author of this reading",
      reviewer: "I have reviewed this reading",
      approval: "I approve this reading",
    },
    password: "Your password, or the code of your authenticator app",
    sign: "Sign",
    signNext: "Sign and open next",
    frozen: "After signing the reading is frozen; only addenda can follow.",
    notAllowed: "Your role may not sign.",
    globals: "Global values",
    unsaved: "Some edits are not saved yet; signing waits for them.",
  },

  addendum: {
    title: "Add an addendum",
    text: "Text",
    add: "Sign addendum",
    empty: "Write what you want to add.",
  },

  conflict: {
    title: "This draft was changed elsewhere",
    text: (who: string, revision: string) =>
      `${who} saved revision ${revision} of this draft while you were editing. Nothing is lost: choose what happens to your edit.`,
    yours: "Your edit",
    theirs: "Take the saved version, drop mine",
    mine: "Apply mine on top of it",
    someone: "Someone else",
  },

  history: {
    title: "History of this reading",
    empty: "No edits yet.",
    revision: (n: number) => `Revision ${n}`,
    reason: "Reason:",
  },

  compare: {
    title: "Automated and final values",
    automated: "automated",
    final: "final",
    difference: "difference",
    onlyChanged: "Only changed segments",
    nothing: "No segment was changed.",
  },

  words: {
    contour: (slice: string) => `Contours of ${slice} changed`,
    contour_reset: (slice: string) => `Contours of ${slice} reset to automated`,
    override: (what: string, value: string) => `${what} set to ${value}`,
    override_reset: (what: string) => `${what} reset`,
    segment_status: (what: string, status: string) => `${what} marked ${status}`,
    acknowledge: "Flag acknowledged",
    report: "Report text changed",
    undo: "Undo",
    redo: "Redo",
    slice: (condition: string, position: string) => `${condition} ${position}`,
    segment: (condition: string, segment: number) => `${condition} segment ${segment}`,
    statuses: { diagnostic: "diagnostic", non_diagnostic: "non-diagnostic" },
  },
} as const;
