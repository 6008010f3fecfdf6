@controller
Feature: Revocation, at the controller
  The agent has ended the pairing: the controller forgets it.

  Background:
    Given a controller under test that keeps what it stores
    And the controller is paired with an agent

  Rule: A controller that hears of it erases the record and the sessions

    @negative @req:pairing.revoke.received
    Scenario: The pairing is gone, and the person is told
      When the agent sends "pairing.revoked" in the session
      Then the controller tells that the pairing was revoked
      And the controller has forgotten the agent

    @negative @req:pairing.revoke.received
    Scenario: The pairing is gone after a restart, too
      When the agent sends "pairing.revoked" in the session
      And the controller tells that the pairing was revoked
      And the controller loses power and is started again
      Then the controller has forgotten the agent
      And the controller binds no route

  Rule: An HS_ERROR changes nothing that is stored

    @negative @req:pairing.hs-error.stored
    Scenario: An HS_ERROR that answers nothing leaves the pairing as it is
      When the agent sends an HS_ERROR "identity-mismatch" under the PPK of the pairing
      Then the controller lists the agent as confirmed
      And no HS_ERROR has come
