import type { Grade } from "../api/assess.ts";
import type { ViewerState } from "../api/readingTypes.ts";
import { t } from "../shared/strings.ts";
import { commit, mayEdit } from "../store/study.ts";

/** A grade for the images of every slice, and a word why. */
export function QualityPart({ data }: { data: ViewerState }) {
  const editable = mayEdit(data);
  return (
    <>
      <h3 className="panel-title">{t.assess.quality}</h3>
      <table className="quality" data-testid="quality">
        <tbody>
          {data.acquisitions.flatMap((acquisition) =>
            acquisition.slices.map((slice) => {
              const name = t.words.slice(
                t.conditions[acquisition.condition],
                t.positions[slice.position],
              );
              const given = data.entered.quality[slice.key];
              return (
                <tr key={slice.key}>
                  <th scope="row">{name}</th>
                  <td>
                    <select
                      aria-label={`${t.assess.quality}: ${name}`}
                      data-testid={`quality-${slice.key}`}
                      disabled={!editable}
                      value={given?.grade ?? ""}
                      onChange={(event) =>
                        commit({
                          kind: "quality",
                          slice: slice.key,
                          grade: event.target.value ? (Number(event.target.value) as Grade) : null,
                          comment: given?.comment ?? "",
                        })
                      }
                    >
                      <option value="">{t.assess.none}</option>
                      {data.vocabulary.quality.map(([grade, meaning]) => (
                        <option key={grade} value={grade}>
                          {grade} {meaning}
                        </option>
                      ))}
                    </select>
                  </td>
                  <td>
                    {given && (
                      <input
                        key={given.revision}
                        aria-label={t.assess.qualityComment(name)}
                        maxLength={300}
                        readOnly={!editable}
                        defaultValue={given.comment}
                        onBlur={(event) => {
                          const comment = event.target.value.trim();
                          if (comment === given.comment) return;
                          commit({
                            kind: "quality",
                            slice: slice.key,
                            grade: given.grade,
                            comment,
                          });
                        }}
                      />
                    )}
                  </td>
                </tr>
              );
            }),
          )}
        </tbody>
      </table>
    </>
  );
}
