"""Schedules: when something is to happen: cron, rates, instants, time zones, calendars, alarms. All pure."""
