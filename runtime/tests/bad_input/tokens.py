"""The tokens of the suite's server, besides its private one."""

OTHERS_TOKEN = "opens-the-manager-other-alone"
EXPIRED_TOKEN = "was-good-until-2001"
