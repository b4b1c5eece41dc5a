"""The API, one module a resource: functions of a call that give an answer."""
