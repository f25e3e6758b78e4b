import { useCallback, useEffect, useState } from "react";
import { getJson, postJson } from "../api/client.ts";
import type { ViewerState } from "../api/readingTypes.ts";
import type { Transmissions } from "../api/studyTypes.ts";
import { formatDateTime } from "../shared/dates.ts";
import { t } from "../shared/strings.ts";
import { message } from "../store/study.ts";

const LOOK_EVERY_MS = 5000;

/** Where the study's results went, what waits, send again; and the result as DICOM and FHIR. */
export function SendingPanel({ data }: { data: ViewerState }) {
  const address = `/api/studies/${data.study.id}/transmissions/`;
  const [known, setKnown] = useState<Transmissions | null>(null);
  const [error, setError] = useState("");
  const look = useCallback(async () => {
    try {
      setKnown(await getJson<Transmissions>(address));
      setError("");
    } catch (cause) {
      setError(message(cause));
    }
  }, [address]);
  const moving = known?.transmissions.some((one) => ["queued", "sending"].includes(one.state));
  useEffect(() => {
    look();
    if (!moving) return;
    const timer = setInterval(look, LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }, [look, moving]);

  const send = async (destination: string) => {
    try {
      await postJson(address, { destination });
      await look();
    } catch (cause) {
      setError(message(cause));
    }
  };
  if (!known?.may_send) return null;
  return (
    <section className="sending" aria-label={t.sending.title} data-testid="sending">
      <h3 className="panel-title">{t.sending.title}</h3>
      <p className="sending-actions">
        {data.reading && (
          <a className="button button-small" href={`/api/readings/${data.reading.id}/export.zip`}>
            {t.sending.zip}
          </a>
        )}
        {known.destinations.map((name) => (
          <button
            key={name}
            type="button"
            className="button button-small"
            onClick={() => send(name)}
          >
            {t.sending.sendTo(name)}
          </button>
        ))}
      </p>
      {known.destinations.length === 0 && <p className="muted">{t.sending.nowhere}</p>}
      {error && <p role="alert">{error}</p>}
      {known.transmissions.length > 0 && (
        <ul className="sending-list">
          {known.transmissions.slice(0, 20).map((one) => (
            <li key={one.id} data-state={one.state}>
              <strong>{one.destination}</strong> {t.sending.states[one.state]}
              {one.state === "sent" &&
                ` ${formatDateTime(one.finished_at)}, ${t.sending.objects(one.objects_sent)}`}
              {one.state === "queued" &&
                one.attempts > 0 &&
                ` ${t.sending.again(one.attempts, formatDateTime(one.next_attempt_at))}`}
              <span className="muted"> · {t.sending.what(one.publication)}</span>
              {one.last_error && <p className="sending-error">{one.last_error}</p>}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
