"""Templates that the tests of the engine run."""

LOOP = """
FormatVersion: OOS-2019-06-01
Parameters:
  items: {Type: List, Default: [a, b, c]}
  rateControl: {Type: Json, Default: {Mode: Concurrency, Concurrency: 2, MaxErrors: 0}}
Tasks:
  - Name: make
    Action: ACS::ExecuteAPI
    Properties: {Service: TEST, API: Make, Parameters: {Name: '{{ ACS::TaskLoopItem }}'}}
    Outputs: {name: {Type: String, ValueSelector: Value}}
    Loop:
      Items: '{{ items }}'
      RateControl: '{{ rateControl }}'
      Outputs: {names: {AggregateType: 'Fn::ListJoin', AggregateField: name}}
Outputs:
  names: {Type: List, Value: '{{ make.names }}'}
"""

SEQUENCE = """
FormatVersion: OOS-2019-06-01
Parameters:
  name: {Type: String, Default: thing}
Tasks:
  - Name: first
    Action: ACS::ExecuteAPI
    Properties: {Service: TEST, API: Make, Parameters: {Name: '{{ name }}'}}
    Outputs: {name: {Type: String, ValueSelector: Value}}
  - Name: second
    Action: ACS::ExecuteAPI
    Properties: {Service: TEST, API: Make, Parameters: {Name: '{{ first.name }}-2'}}
    Outputs: {name: {Type: String, ValueSelector: Value}}
Outputs:
  names: {Type: List, Value: ['{{ first.name }}', '{{ second.name }}']}
"""

PRODUCT = """
FormatVersion: OOS-2019-06-01
Parameters:
  name: {Type: String}
Tasks:
  - Name: make
    Action: ACS::ExecuteAPI
    Properties: {Service: TEST, API: Make, Parameters: {Name: '{{ name }}'}}
    Outputs: {name: {Type: String, ValueSelector: Value}}
  - Name: see
    Action: ACS::WaitFor
    Retries: 5
    DelayType: Constant
    Delay: 1
    Properties:
      Service: TEST
      API: Echo
      Parameters: {Value: '{{ make.name }}'}
      PropertySelector: Value
      DesiredValues: ['{{ name }}']
Outputs:
  made: {Type: String, Value: '{{ make.name }}'}
"""

PARENT = """
FormatVersion: OOS-2019-06-01
Parameters:
  names: {Type: List, Default: [x, y, z]}
Tasks:
  - Name: each
    Action: ACS::TEST::MakeThing
    Properties: {name: '{{ ACS::TaskLoopItem }}'}
    Outputs: {made: {Type: String, ValueSelector: made}}
    Loop:
      Items: '{{ names }}'
      RateControl: {Mode: Concurrency, Concurrency: 2, MaxErrors: 0}
      Outputs: {all: {AggregateType: 'Fn::ListJoin', AggregateField: made}}
Outputs:
  all: {Type: List, Value: '{{ each.all }}'}
"""


def tasks(*lines: str) -> str:
    """A template of these tasks, each given as its YAML after `- Name: …`."""
    return "FormatVersion: OOS-2019-06-01\nTasks:\n" + "".join(f"  - {line}\n" for line in lines)


def call(name: str, api: str = "Make", **fields: str) -> str:
    """A task that calls the test service, in flow style."""
    more = "".join(f", {key}: {value}" for key, value in fields.items())
    return (
        f"{{Name: {name}, Action: 'ACS::ExecuteAPI', "
        f"Properties: {{Service: TEST, API: {api}, Parameters: {{Name: {name}}}}}{more}}}"
    )
