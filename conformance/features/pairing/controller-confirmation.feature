@controller
Feature: From M3 to the confirmed pairing, at the controller
  The controller has stored the pairing as unconfirmed, shows six digits, and waits for the agent.

  Background:
    Given a controller under test that keeps what it stores
    And the controller has sent M3 and shows the digits

  Rule: The record is stored as unconfirmed before M3 is sent

    @req:pairing.controller.unconfirmed
    Scenario: The pairing is listed as unconfirmed
      Then the controller lists the agent as unconfirmed

    @req:pairing.controller.unconfirmed @req:pairing.controller.complete-time
    Scenario: A controller that is killed while it shows the digits tries a rekey
      When the controller loses power and is started again
      Then the controller lists the agent as unconfirmed
      And the controller sends R1

  Rule: M3 is sent again, unchanged, until the session is heard

    @req:pairing.controller.m3-resend
    Scenario: After 2, 4, 8 and 16 s the same bytes come again
      When 22 s have passed, half a second at a time
      Then the same M3 has come again 2, 4, 8 and 16 s after the first

    @req:pairing.controller.m3-resend
    Scenario: After a reconnect the same bytes come again
      When the controller's connection is cut, and made again
      Then the same M3 has come again

    @negative @req:pairing.controller.m3-resend
    Scenario: A message of the session ends that
      When the agent sends "hello" in the session
      And 20 s have passed, half a second at a time
      Then M3 has not come again

  Rule: Only "pair.complete" confirms, or a rekey that verifies

    @req:pairing.controller.confirm @req:pairing.controller.ack @req:session.hello.connect
    Scenario: "pair.complete" confirms the pairing
      When the agent sends "pair.complete"
      Then the controller answers with "pair.ack"
      And the controller sends "hello"
      And the controller is paired with the agent

    @req:pairing.controller.ack
    Scenario: Each "pair.complete" is answered
      Given the agent sends "pair.complete"
      And the controller answers with "pair.ack"
      When the agent sends "pair.complete" once more
      Then the controller answers with "pair.ack"

    @req:session.control.capabilities
    Scenario: Capabilities that nobody knows yet are ignored
      When the agent sends "pair.complete" with the capabilities "prompt", "teleport" and "unstable-grease-0badcafe"
      Then the controller answers with "pair.ack"
      And the controller lists the agent with the capability "prompt" alone

    @negative @req:pairing.controller.confirm
    Scenario: A "hello" does not confirm
      When the agent sends "hello" in the session
      Then the controller lists the agent as unconfirmed

    @req:pairing.controller.confirm @req:pairing.controller.complete-time
    Scenario: Without "pair.complete" for 90 s a rekey is tried, and confirms
      Given the agent has stored the pairing, and "pair.complete" is lost
      When 95 s have passed
      Then the controller sends R1
      And the controller is paired with the agent

    @negative @req:pairing.controller.control-only
    Scenario: An event before "pair.complete" is ignored
      When the agent sends an event in the session
      Then the controller tells no event

    @negative @req:pairing.controller.control-only
    Scenario: A request before "pair.complete" is never answered
      When the agent sends a request in the session
      And the agent sends "pair.complete"
      Then the controller answers with "pair.ack"
      And the request of the agent is not answered

  Rule: Without a confirmation the record goes

    @negative @req:pairing.controller.delete-unconfirmed
    Scenario: After ten minutes the unconfirmed record is deleted
      When 590 s have passed
      Then the controller lists the agent as unconfirmed
      When 15 s have passed
      Then the controller has forgotten the agent

    @negative @req:pairing.controller.error-keeps @req:pairing.hs-error.stored
    Scenario Outline: HS_ERROR "<code>" for M3 ends the attempt, and leaves the record
      When the agent answers M3 with HS_ERROR "<code>"
      Then the controller's attempt ends with "<code>"
      And the controller lists the agent as unconfirmed

      Examples:
        | code         |
        | sas-mismatch |
        | rejected     |

    @req:pairing.controller.error-keeps @req:pairing.controller.confirm
    Scenario: A forged HS_ERROR does not prevent the pairing
      Given the agent has stored the pairing, and "pair.complete" is lost
      When the agent answers M3 with HS_ERROR "rejected"
      Then the controller's attempt ends with "rejected"
      When 95 s have passed
      Then the controller is paired with the agent
