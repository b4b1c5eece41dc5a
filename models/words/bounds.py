"""How far the policies of a schedule may go, whoever gives them: periods in seconds, then numbers."""

WEEK = 7 * 86400
MONTH = 30 * 86400
TEN_YEARS = 3650 * 86400
MAX_INT = 2**31 - 1
MAX_RETRIES = 1000
