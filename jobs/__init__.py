"""Jobs: job types and their stages, submission, and the runner that runs them on Dask."""
