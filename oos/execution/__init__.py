"""Executions: events, the state they fold into, and the conductor that answers what is next. All pure."""
