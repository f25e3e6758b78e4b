/** Sentences of what a reader enters beside values and contours. */

export const assess = {
  none: "–",
  examination: "Examination",
  rest: "Rest",
  stress: "Stress",
  heartRate: "Heart rate",
  systolic: "Systolic",
  diastolic: "Diastolic",
  fromImages: (rate: number) => `images: ${rate.toFixed(0)}/min`,
  haematocrit: (value: number) => `Haematocrit in use: ${value.toFixed(2)} (cannot change flow)`,
  adequacy: "Stress adequacy",
  adequacyHint: "Signs support, they never prove; the judgement is yours.",
  judgement: "Your judgement",
  says: { supports: "supports", against: "speaks against", open: "open" },
  corrected: "Rate-pressure corrected, beside the measured values",
  correctedRow: (rest: string, mpr: string) => `Rest MBF ${rest} ml/min/g, MPR ${mpr}`,
  correctedHow: (reference: number, measured: number) =>
    `at ${reference.toFixed(0)} mmHg/min (measured ${measured.toFixed(0)})`,
  references: "Published values of healthy people",
  quality: "Image quality",
  qualityComment: (slice: string) => `Comment on ${slice}`,
  territories: "Coronary territories",
  preset: "Dominance",
  presets: {
    standard: "Standard (AHA)",
    left: "Left dominant: inferior wall to LCx",
    right: "Large right coronary: inferolateral to RCA",
    custom: "Segment by segment",
  },
  segmentTerritory: (segment: number) => `Territory of segment ${segment}`,
  noNumber: (field: string) => `${field}: write a number such as 120 or 0,4.`,
  range: (field: string, low: number, high: number) => `${field}: write ${low} to ${high}.`,

  scores: {
    title: "Visual scores and scar",
    legend: "0 normal · 1 equivocal · 2 subendocardial · 3 transmural",
    scar: "Scar",
    score: (condition: string, segment: number) => `${condition} score of segment ${segment}`,
    scarOf: (segment: number) => `Scar in segment ${segment}`,
    noteOf: (segment: number) => `Note on the scar in segment ${segment}`,
    note: "Note",
    allNormal: (condition: string) => `${condition}: others normal`,
    clear: (condition: string) => `Clear ${condition.toLowerCase()}`,
    keys: "Tab to a cell, press 0 to 3.",
    sum: { stress: "SSS", rest: "SRS", difference: "SDS" },
    sumLong: {
      stress: "summed stress score",
      rest: "summed rest score",
      difference: "summed difference score",
    },
    scored: (count: number) => `${count} of 16`,
    burden: (segments: number, percent: number) =>
      `Ischaemic burden: ${segments} of 16 segments, ${percent.toFixed(0)} % of the LV`,
    transmural: (count: number, inner: number) => `${count} transmural, ${inner} subendocardial`,
    unclear: (segments: string) =>
      `Segment ${segments}: score rest or scar to tell ischaemia from a fixed defect.`,
    innerLess: (segments: string, limit: number, source: string) =>
      `Endo/epi at stress below ${limit.toFixed(2)} (mean - 2 SD, ${source}): segment ${segments}`,
    noBurden: "Score stress perfusion to see the ischaemic burden.",
  },

  exclude: {
    title: "Not diagnostic because of",
    note: "In words",
    apply: "Leave out of all means",
    back: "Back to the value",
    needed: "Choose a reason.",
    otherNeedsWords: "Say in words what the other reason is.",
    open: "Not diagnostic…",
    now: (reason: string) => `Left out: ${reason}`,
  },

  suggestions: {
    title: "Sentences from the numbers",
    hint: "Choose one to put it into the text; it stays yours to change.",
    insert: (sentence: string) => `Insert: ${sentence}`,
  },

  prior: {
    title: "Comparison with an earlier exam",
    none: "No signed earlier exam of this patient at this site.",
    choose: "In the report",
    not: "No comparison",
    one: (date: string, by: string) => `${date}, signed by ${by}`,
    minus: (date: string) => `now minus ${date}`,
    open: "Open that exam",
  },

  paper: { label: "PDF on", a4: "A4", letter: "Letter" },

  views: {
    label: "Bullseye view",
    values: "Mean",
    layers: "Endo / epi",
    uncertainty: "Uncertainty",
    prior: "Change",
    layersHint: "Inner part of each segment: endocardial half; outer part: epicardial half.",
    layer: (segment: number, name: string, endo: string, epi: string) =>
      `${segment} ${name}: endo ${endo}, epi ${epi}`,
    uncertaintyOf: (condition: string) => `${condition} uncertainty`,
    changeOf: (what: string) => `${what} change`,
    noUncertainty: "edited contours have no uncertainty",
  },

  worklist: {
    mine: "Assigned to me",
    anyone: "Anyone",
    nobody: "Nobody",
    assigned: "Assigned",
    assign: (name: string) => `Reader of ${name}`,
    saved: "Saved filters",
    save: "Save filters",
    saveAs: "Name of these filters",
    remove: (name: string) => `Forget “${name}”`,
    notSaved: (why: string) => `The filters were not saved: ${why}`,
    privacy: "The search text is not saved: it may name a patient.",
  },

  edits: {
    quality: (slice: string) => `Image quality of ${slice} graded`,
    visual: "Visual score",
    scar: "Scar noted",
    clinical: "Clinical data",
    territories: "Coronary territories",
    comparison: "Prior exam for comparison",
  },
} as const;
