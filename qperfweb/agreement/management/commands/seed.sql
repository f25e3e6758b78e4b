-- A cohort for benchmark_agreement: signed readings of :studies, 16 stress segments each.
-- Placeholders: studies, per_patient, site, reader. Half the studies of 2.0, half of 2.1.
INSERT INTO studies_patient (pseudonym, identity_digest, search_tokens, created_at, site_id)
SELECT gen_random_uuid(), md5('patient' || n) || md5('of cohort' || n), '{}', now(), %(site)s
FROM generate_series(1, %(studies)s / %(per_patient)s) n;

INSERT INTO studies_study (
    study_instance_uid, accession_number, description, study_date, institution, manufacturer,
    scanner_model, field_strength_t, conditions, sequence_class, state, flag_count,
    first_received_at, last_received_at, patient_id, site_id
)
SELECT '2.25.9' || number, '', 'Stress perfusion', date '2026-01-01' - (number / 60)::int, '',
    CASE number %% 3 WHEN 0 THEN 'SIEMENS' WHEN 1 THEN 'Philips' ELSE 'GE' END, '', 1.5 + 1.5 * (number %% 2),
    '{stress}', 'dual', 'signed', 0, now(), now() - number * interval '10 minutes', patient.id, %(site)s
FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM studies_patient) patient,
    generate_series(0, %(per_patient)s - 1) visit,
    LATERAL (SELECT patient.place * %(per_patient)s + visit AS number) numbered;

INSERT INTO runs_analysisrun (
    purpose, state, attempt, cancel_requested, input_manifest, input_sha256, parameters,
    parameters_sha256, stage, progress, queued_at, finished_at, failure_code, failure_message,
    pipeline_version, model_versions, timings_s, document, bundle_sha256, outdated_reason, reason,
    site_id, study_id
)
SELECT 'first', 'succeeded', 1, false, '[]', repeat('0', 64), '{}', repeat('0', 64), '', 1,
    last_received_at, last_received_at, '', '', CASE WHEN id %% 2 = 0 THEN '2.0' ELSE '2.1' END,
    '{"segmentation": "1"}', '{}', '{"acquisitions": []}', repeat('0', 64), '', '', site_id, id
FROM studies_study;

INSERT INTO runs_segmentresult (
    condition, acquisition, segment, mbf_ml_per_min_per_g, pixels, valid_pixels,
    not_measured_reason, flags, run_id, site_id
)
SELECT 'stress', 'stress', segment, 2 + random(), 60, 60, '', '[]', id, site_id
FROM runs_analysisrun, generate_series(1, 16) segment;

INSERT INTO reviews_reading (
    state, revision, created_at, updated_at, reader_id, run_id, site_id, study_id
)
SELECT 'draft', 1, finished_at, finished_at, %(reader)s, id, site_id, study_id
FROM runs_analysisrun ORDER BY id;

INSERT INTO reviews_readingsegment (
    condition, segment, quantity, automated_value, typed_value, final_value, source,
    not_measured_reason, reading_id, site_id
)
SELECT 'stress', segment, 'mbf', automated, CASE WHEN is_typed THEN final END, final,
    CASE WHEN is_typed THEN 'typed' ELSE 'automated' END, '', id, site_id
FROM (
    SELECT id, site_id, segment, 2 + random() AS automated, 2 + random() AS final,
        random() < 0.1 AS is_typed
    FROM reviews_reading, generate_series(1, 16) segment
) value;

INSERT INTO reviews_readingfigure (
    name, segment, automated_value, final_value, source, reading_id, site_id
)
SELECT 'stress', 0, 2 + random(), 2 + random(), 'automated', id, site_id FROM reviews_reading;

-- Last, because nothing can be added to what is signed.
UPDATE reviews_reading SET state = 'signed', signed_at = created_at, signed_by_id = reader_id;
