"""Who may do what with a dataset: its owner, its editors, its viewers, and nobody else."""
