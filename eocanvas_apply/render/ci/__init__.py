"""Diagnostics as documents that CI systems read: GitHub, GitLab, SARIF and JUnit."""
