"""Documents that other programs read: diagnostics for GitHub, GitLab, SARIF and JUnit, metrics for Prometheus."""
