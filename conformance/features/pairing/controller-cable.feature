@controller
Feature: An unplugged cable, at the controller
  Between any two steps of a pairing the network or the program fails. The agent does what it should:
  it answers what comes again, and says what was not heard. Then both are paired, or it can still come to that.

  Rule: A frame that is lost, doubled, late or out of order does no harm

    @req:pairing.controller.m1-resend @req:pairing.controller.m3-resend @req:pairing.controller.ack @req:pairing.m2.once
    Scenario Outline: <frame> is <fault>
      Given a controller under test
      And a relay on which <frame> is <fault>
      When the controller pairs with a patient agent
      Then the controller is paired with the agent
      And the session works

      Examples:
        | frame                               | fault                 |
        | M1                                  | dropped               |
        | M1                                  | duplicated            |
        | M2                                  | dropped               |
        | M2                                  | duplicated            |
        | M2                                  | delayed               |
        | M3                                  | dropped               |
        | M3                                  | duplicated            |
        | M3                                  | held back             |
        | the first message of the agent      | dropped               |
        | the first message of the agent      | duplicated            |
        | the first message of the agent      | held back             |
        | the first message of the agent      | swapped with the next |
        | the first message of the controller | dropped               |
        | the first message of the controller | duplicated            |

  Rule: A lost connection is made again in every state, and the state stays

    @req:pairing.controller.m1-resend @req:pairing.controller.m3-resend @long
    Scenario Outline: The controller's connection is cut after <step>
      Given a controller under test
      And the controller's connection will be cut after <step>
      When the controller pairs with a patient agent
      Then the controller is paired with the agent
      And the session works

      Examples:
        | step   |
        | M1     |
        | M3     |
        | commit |

  Rule: A controller that is killed knows the pairing from its M3 on

    @negative @req:pairing.controller.unconfirmed
    Scenario: The controller is killed after M1
      Given a controller under test that keeps what it stores
      When the agent has come as far as M1
      And the controller loses power and is started again
      Then the controller has forgotten the agent
      And the controller binds no route

    @req:pairing.controller.complete-time @req:pairing.controller.confirm
    Scenario Outline: The controller is killed after <step>
      Given a controller under test that keeps what it stores
      When the agent has come as far as <step>
      And the controller loses power and is started again
      Then the controller lists the agent as confirmed in the end
      And the session works

      Examples:
        | step   |
        | commit |
