/**
 * The segment table as text, for the clipboard and as CSV: a rectangle of rows, an empty line,
 * then what a later reader of the file must know (versions, state, clinical values), name and
 * value per line. Numbers have a decimal point and no unit, whatever the browser's language; units
 * stand in the headings. No patient name or ID: the file may travel.
 */

import type { AcquisitionView } from "../api/analysisTypes.ts";
import type { Condition } from "../api/basicTypes.ts";
import type { TableRow, ViewerState } from "../api/readingTypes.ts";
import { exported } from "../shared/exportStrings.ts";
import { t } from "../shared/strings.ts";

/** What of the viewer's state goes into the file. */
export type TableSource = Pick<
  ViewerState,
  | "table"
  | "acquisitions"
  | "entered"
  | "summary"
  | "vocabulary"
  | "reading"
  | "result_run"
  | "study"
>;

interface Column {
  heading: string;
  cell: (row: TableRow) => string;
}

const DIGITS = 3;

export function tableAsText(source: TableSource): string {
  // A tab or a line break inside a cell would shift every cell after it.
  const flat = (cell: string) => cell.replaceAll(/[\t\r\n]+/g, " ");
  return lines(source)
    .map((line) => line.map(flat).join("\t"))
    .join("\n");
}

export function tableAsCsv(source: TableSource): string {
  return `${lines(source)
    .map((line) => line.map(quoted).join(","))
    .join("\r\n")}\r\n`;
}

/** A text that begins like a formula would be run by a spreadsheet: it gets an apostrophe. */
function quoted(cell: string): string {
  const safe = /^[=+\-@]/.test(cell) && Number.isNaN(Number(cell)) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function lines(source: TableSource): string[][] {
  const columns = columnsOf(source);
  return [
    columns.map(({ heading }) => heading),
    ...source.table.map((row) => columns.map(({ cell }) => cell(row))),
    [],
    [exported.about],
    ...factsOf(source),
  ];
}

function columnsOf(source: TableSource): Column[] {
  const { scar } = source.entered;
  const relative = source.acquisitions.some(({ quantity }) => quantity !== "mbf");
  const ratio = relative ? t.table.mpri : t.table.mpr;
  return [
    { heading: exported.segment, cell: (row) => String(row.segment) },
    { heading: exported.name, cell: (row) => row.name },
    { heading: exported.territory, cell: (row) => row.territory ?? "" },
    ...source.acquisitions
      .toSorted((a, b) => ORDER.indexOf(a.condition) - ORDER.indexOf(b.condition))
      .flatMap((acquisition) => columnsOfCondition(source, acquisition)),
    { heading: ratio, cell: (row) => plain(row.mpr?.value) },
    { heading: exported.mprError(ratio), cell: (row) => plain(row.mpr?.standard_error) },
    {
      heading: exported.mprFromTyped(ratio),
      cell: (row) => (row.mpr?.derived_from_typed ? exported.yes : ""),
    },
    {
      heading: exported.scar,
      cell: ({ segment }) => {
        const grade = scar[segment]?.transmurality;
        const words = source.vocabulary.transmurality.find(([value]) => value === grade)?.[1];
        return words ?? grade ?? "";
      },
    },
    { heading: exported.scarNote, cell: ({ segment }) => scar[segment]?.note ?? "" },
  ];
}

const ORDER: Condition[] = ["stress", "rest", "unknown"];

function columnsOfCondition(
  { entered }: TableSource,
  { condition, unit }: AcquisitionView,
): Column[] {
  const name = t.conditions[condition];
  const words = exported.condition;
  const why = (row: TableRow) =>
    entered.statuses[condition]?.[row.segment]?.reason ?? row[condition]?.not_measured_reason ?? "";
  return [
    { heading: words.value(name, unit), cell: (row) => plain(row[condition]?.value) },
    { heading: words.error(name, unit), cell: (row) => plain(row[condition]?.standard_error) },
    {
      heading: words.source(name),
      cell: (row) => (row[condition] ? exported.sources[row[condition].source] : ""),
    },
    { heading: words.automated(name, unit), cell: (row) => plain(row[condition]?.automated_value) },
    { heading: words.endo(name, unit), cell: (row) => plain(row[condition]?.endo) },
    { heading: words.epi(name, unit), cell: (row) => plain(row[condition]?.epi) },
    { heading: words.ratio(name), cell: (row) => plain(row[condition]?.endo_epi_ratio) },
    { heading: words.uncertainty(name), cell: (row) => plain(row[condition]?.uncertainty) },
    { heading: words.why(name), cell: why },
    {
      heading: words.score(name),
      cell: ({ segment }) => String(entered.visual[condition]?.[segment]?.score ?? ""),
    },
  ];
}

/** Everything about the table as a whole; what is not known has no line. */
function factsOf(source: TableSource): string[][] {
  const { study, result_run: run, reading, summary, acquisitions } = source;
  const words = exported.facts;
  const corrected = summary.rate_pressure.rows.GLOBAL;
  const facts: [string, string | number | null | undefined][] = [
    [words.study, study.id],
    [words.studyDate, study.study_date],
    [words.run, run?.id],
    [words.pipeline, run?.pipeline_version],
    [words.networks, run ? models(run.models) : ""],
    ...acquisitions.flatMap(({ condition, ...of }): typeof facts => {
      const name = t.conditions[condition];
      return [
        [words.model(name), of.model],
        [words.sequence(name), of.sequence],
        [words.field(name), of.field_strength_t],
        [words.imageRate(name), of.heart_rate_bpm],
      ];
    }),
    [words.haematocrit, summary.haematocrit?.value],
    [words.reading, reading?.id],
    [words.revision, reading?.revision],
    [
      words.state,
      reading?.state === "signed"
        ? words.signed(reading.signed_by ?? "", reading.signed_at ?? "")
        : words.unsigned,
    ],
    [words.burden, summary.burden?.segments],
    [words.burdenPercent, summary.burden?.percent_of_lv],
    [words.correctedRest, corrected?.rest],
    [words.correctedMpr, corrected?.mpr],
    ...clinicalFacts(source),
  ];
  return facts.flatMap(([name, value]) =>
    value === null || value === undefined || value === ""
      ? []
      : [[name, typeof value === "number" ? String(Number(value.toFixed(DIGITS))) : value]],
  );
}

function models(versions: Record<string, string>): string {
  return Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join("; ");
}

function clinicalFacts({ entered, vocabulary }: TableSource): [string, string | number][] {
  return vocabulary.clinical.flatMap(({ name, words, unit, options }) => {
    const value = entered.clinical[name];
    if (value === undefined || value === "") return [];
    const chosen = options?.find(([option]) => option === value)?.[1];
    const unitHere = unit ?? doseUnit(name, entered.clinical, vocabulary.dose_units);
    return [[exported.facts.withUnit(words, unitHere), chosen ?? value]];
  });
}

/** The unit of the stress dose depends on the agent. */
function doseUnit(
  name: string,
  clinical: TableSource["entered"]["clinical"],
  units: Record<string, string>,
): string {
  return name === "stress_dose" ? (units[String(clinical.stress_agent ?? "")] ?? "") : "";
}

function plain(value: number | null | undefined): string {
  return value === null || value === undefined || !Number.isFinite(value)
    ? ""
    : value.toFixed(DIGITS);
}
