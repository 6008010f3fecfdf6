@agent
Feature: An unplugged cable in a session, at the agent
  Between any two steps of a rekey or of a command the network or the program fails. The controller does what it should:
  it sends again what was not answered. Then both are in one session, and a command was executed once.

  Rule: A frame of a rekey that is lost, doubled, late or out of order does no harm

    @req:pairing.rekey.repeat @req:pairing.rekey.agent-switch @req:pairing.rekey.r3-repeated @req:pairing.rekey.grace
    Scenario Outline: <frame> is <fault>
      Given a running session
      When a rekey is made, and <frame> is <fault>
      Then both are in one new session
      And what was held back changes nothing

      Examples:
        | frame                                           | fault                 |
        | R1                                              | dropped               |
        | R1                                              | duplicated            |
        | R1                                              | held back             |
        | R2                                              | dropped               |
        | R2                                              | duplicated            |
        | R2                                              | held back             |
        | R3                                              | dropped               |
        | R3                                              | duplicated            |
        | R3                                              | held back             |
        | R3                                              | swapped with the next |
        | the agent's first message in the new session    | dropped               |
        | the agent's first message in the new session    | duplicated            |
        | the agent's first message in the new session    | held back             |
        | the agent's first message in the new session    | swapped with the next |
        | the controller's first message in the new session | dropped             |
        | the controller's first message in the new session | held back           |

  Rule: A connection that is lost during a rekey is made again, and the rekey goes on or begins anew

    @req:relay.reconnect.always @req:pairing.rekey.runs
    Scenario Outline: After <frame> the <trouble>
      Given a running session
      When a rekey is made, and after <frame> the <trouble>
      Then both are in one new session

      Examples:
        | frame                                        | trouble                             |
        | R1                                           | connection of the agent is cut      |
        | R2                                           | connection of the agent is cut      |
        | R3                                           | connection of the agent is cut      |
        | the agent's first message in the new session | connection of the agent is cut      |
        | R2                                           | relay is killed and started again   |
        | R3                                           | relay is killed and started again   |

  Rule: An agent that is killed during a rekey has no session, and asks for one

    @req:session.store.profile-v @req:pairing.rekey-ask.when
    Scenario Outline: After <frame> the agent is killed
      Given a running session
      When a rekey is made, and after <frame> the agent is killed and started again
      Then both are in one new session

      Examples:
        | frame                                        |
        | R1                                           |
        | R2                                           |
        | R3                                           |
        | the agent's first message in the new session |

  Rule: A command is executed once, whatever happens to it and to its answer

    @req:rpc.command.once @req:rpc.command.recorded @negative
    Scenario Outline: A command, and <frame> is <fault>
      Given a running session
      When a command is given, and <frame> is <fault>
      Then the command is answered, and was executed once

      Examples:
        | frame       | fault                 |
        | the command | dropped               |
        | the command | duplicated            |
        | the command | held back             |
        | the command | swapped with the next |
        | its answer  | dropped               |
        | its answer  | duplicated            |
        | its answer  | held back             |

    @req:rpc.command.once @req:rpc.command.recorded @req:relay.reconnect.always @negative
    Scenario Outline: After the command the <trouble>
      Given a running session
      When a command is given, and after the command the <trouble>
      Then the command is answered, and was executed once

      Examples:
        | trouble                           |
        | connection of the agent is cut    |
        | relay is killed and started again |

    @req:rpc.command.once @req:rpc.command.interrupted @negative
    Scenario: After the command the agent is killed
      Given a running session
      When a command is given, and after the command the agent is killed and started again
      Then the command is answered, and executed at most once
