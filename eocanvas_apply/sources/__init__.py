"""What lies outside the manifest's text: files, secrets, the account's credentials, the rows of campaigns."""
