"""What a job left: file names, `index.csv`, what lies in a folder, copies."""
