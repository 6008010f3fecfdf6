@agent
Feature: Revocation, at the agent
  The owner takes a device off. It is told if it can be told, and it is gone whether or not it was.

  Background:
    Given an agent under test that keeps what it stores
    And the agent is paired with a controller

  Rule: The device is told first, and then forgotten

    @req:pairing.revoke.notify
    Scenario: The device is told in the session
      When the owner revokes the device
      Then the agent sends "pairing.revoked"

    @negative @req:pairing.revoke.erase
    Scenario: Pairing and route are gone
      When the owner revokes the device
      Then the agent lists no device
      And the agent has given up the route of the pairing

    @negative @req:pairing.revoke.erase @req:pairing.rekey.stored
    Scenario: A device that could not be told is gone as well
      Given the controller is not connected
      When the owner revokes the device
      And the controller comes back and begins a rekey
      Then the agent stays silent

    @negative @req:pairing.revoke.erase
    Scenario: The pairing is gone after a restart, too
      When the owner revokes the device
      And the agent loses power and is started again
      Then the agent lists no device
      And the agent binds no route

  Rule: Only a new pairing with typed digits brings the device back

    @negative @req:pairing.sas.typed
    Scenario: The device pairs again
      When the owner revokes the device
      And the same device pairs again, up to the digits
      Then the agent lists no device
      When the person types the new digits
      Then the agent lists the controller
