"""QPerf Web: people, records, jobs and pages around the analysis of perfusion MRI."""
