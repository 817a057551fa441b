"""`python -m triage.local`: what `make run` starts once the virtual environment is there."""

import sys

from triage.local.run import main

sys.exit(main())
