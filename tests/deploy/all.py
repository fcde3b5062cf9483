"""Every check of deploy/, and what was left out. Started by scripts/check-deploy."""

import sys

import binary
import containers
import kubernetes
import proxy
import systemd
from report import Report

report = Report()
for check in (kubernetes, containers, systemd, proxy, binary):
    check.run(report)
sys.exit(report.end())
