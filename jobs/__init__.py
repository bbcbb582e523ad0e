"""What a submit starts: job types, their stages, and the runner that walks them on Dask."""
