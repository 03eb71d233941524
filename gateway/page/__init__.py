"""The demo's page: coming releases and one case's timeline, on loopback, without a sign-in."""
