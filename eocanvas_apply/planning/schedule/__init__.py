"""When launches may go: windows of the quota, pacing, what lies ahead."""
