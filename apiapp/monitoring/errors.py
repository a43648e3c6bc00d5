class MonitoringError(Exception):
    """Of how this server is watched."""


class UnknownRule(MonitoringError):
    def __init__(self) -> None:
        super().__init__("there is no such rule")


class UnknownAlert(MonitoringError):
    def __init__(self) -> None:
        super().__init__("there is no such alert")
