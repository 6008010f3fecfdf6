@agent
Feature: Capabilities and devices
  The agent decides what a controller may do, and who is paired.

  Background:
    Given an agent under test, with an assistant

  Rule: "git.push" and "admin" are not granted unless the owner has asked for them

    @req:rpc.capability.default @req:versioning.feature.unstable @negative
    Scenario: What a pairing grants by itself
      Given a controller that is paired with it
      Then "pair.complete" grants neither "git.push" nor "admin"
      And the agent names no capability and no method that is neither of the specification nor "unstable-"

  Rule: The capabilities stored with the pairing hold, whatever a controller claims

    @req:rpc.capability.stored
    Scenario: A controller that claims all capabilities, before and after a restart of the agent
      Given a controller that is paired with it and may only "observe"
      When the controller calls "terminal.list" and claims every capability
      Then the controller is answered with the error "forbidden" for "terminal"
      When the agent is killed, and runs again
      And the controller calls "terminal.list" and claims every capability
      Then the controller is answered with the error "forbidden" for "terminal"

  Rule: "pair.complete" has one random capability that begins with "unstable-grease-"

    @req:versioning.feature.grease
    Scenario: The controller hears a capability that nobody knows
      Given a controller that is paired with it
      Then "pair.complete" has one capability that begins with "unstable-grease-"

  Rule: A controller may end its own pairing with no more than "observe", and is answered before

    @req:rpc.device.own @req:rpc.device.response-first
    Scenario: It is answered before it is gone
      Given a controller that is paired with it and may only "observe"
      When the controller revokes itself
      Then the controller is answered with a result, and only then told "pairing.revoked"
      And the agent knows 0 devices

  Rule: Another device is revoked only by a controller with "admin"

    @req:rpc.device.admin
    Scenario: Without "admin" nobody learns which devices there are
      Given a controller that is paired with it
      And a second controller that is paired with it
      When the controller revokes the second controller
      Then the controller is answered with the error "forbidden" for "admin"
      When the controller revokes a device that there is not
      Then the controller is answered with the error "forbidden" for "admin"
      And the agent knows 2 devices

    @req:rpc.device.not-found @req:rpc.device.events
    Scenario: With "admin" it is done
      Given a controller that is paired with it and may also "admin"
      And a second controller that is paired with it
      When the controller revokes a device that there is not
      Then the controller is answered with the error "not-found"
      When the controller revokes the second controller
      Then the controller is answered with a result
      And the controller is told "device.revoked" of the second controller
      And the second controller is told "pairing.revoked"
      And the agent knows 1 device

  Rule: "device.joined" and "device.revoked" go to the remaining controllers with "observe"

    @req:rpc.device.events @req:rpc.event.capability
    Scenario: A device joins and revokes itself
      Given a controller that is paired with it
      And a second controller that may do everything but "observe"
      When a third controller is paired with it
      Then the controller is told "device.joined" of the third controller
      When the third controller revokes itself
      Then the controller is told "device.revoked" of the third controller
      And the second controller is told nothing of devices and of the conversation

  Rule: online tells whether an authentic frame of the device came in the last 60 s

    @req:rpc.device.list
    Scenario: A device that was heard, and one that was not
      Given a controller that is paired with it
      And a second controller that is paired with it
      Then "device.list" tells that both are online
      When the second controller leaves, and 70 s pass
      Then "device.list" tells that only the controller is online

  Rule: An event goes to every controller that has a session and the capability of the event, and to no other

    @req:rpc.event.capability @req:versioning.feature.absent
    Scenario: Controllers that may not see terminals, or the conversation
      Given a controller that is paired with it
      And a second controller that may do everything but "terminal"
      And a third controller that may do everything but "observe"
      When the controller opens a terminal that says 1000 bytes and ends with the exit code 0
      And the controller gives the prompt "ask"
      Then the controller has been asked
      And the controller is told "terminal.exited" with the exit code 0 and the end 1000
      And the second controller is told nothing of terminals
      And the third controller is told nothing of devices and of the conversation

  Rule: A name that a device gives itself, or a controller with "admin" to any, stays with the pairing

    @req:rpc.device.rename @req:rpc.device.changed
    Scenario: A device names itself, and another one is named
      Given a controller that is paired with it and may also "admin"
      And a second controller that is paired with it
      When the second controller renames itself to "tablet"
      Then the second controller is answered with a result
      And the controller is told "device.changed" of the second controller
      And the second controller is told "device.changed" of the second controller
      When the controller renames the second controller to "the tablet"
      Then the controller is answered with a result
      And "device.list" calls the second controller "the tablet"
      When the agent is killed, and runs again
      Then "device.list" calls the second controller "the tablet"

    @req:rpc.device.name
    Scenario: A name is measured in bytes
      Given a controller that is paired with it
      When the controller renames itself to "🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊"
      Then the controller is answered with a result
      And "device.list" calls the controller "🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊"
      When the controller renames itself to "🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊!"
      Then the controller is answered with the error "invalid-params"

    @req:rpc.device.rename-other @negative
    Scenario: Another device is renamed only by a controller with "admin"
      Given a controller that is paired with it
      And a second controller that is paired with it
      When the controller renames the second controller to "mine"
      Then the controller is answered with the error "forbidden" for "admin"

  Rule: From a "device.grant" on, a device has exactly the capabilities that it names

    @req:rpc.device.grant @req:rpc.device.changed
    Scenario: Capabilities are taken away and given
      Given a controller that is paired with it and may also "admin"
      And a second controller that is paired with it
      When the controller grants the second controller "observe, prompt"
      Then the controller is answered with a result
      And the second controller is told "device.changed" of the second controller
      When the second controller calls "terminal.list"
      Then the second controller is answered with the error "forbidden" for "terminal"
      When the agent is killed, and runs again
      And the second controller calls "terminal.list"
      Then the second controller is answered with the error "forbidden" for "terminal"
      When the controller grants the second controller "observe, terminal"
      Then the controller is answered with a result
      When the second controller calls "terminal.list"
      Then the second controller is answered with a result

    @req:rpc.device.grant-output @negative
    Scenario: A device that loses "terminal" while it sees one
      Given a controller that is paired with it and may also "admin"
      And a second controller that is paired with it
      And the second controller has opened a terminal that runs "cat"
      When the second controller types "before" and Enter
      Then the terminal shows "before"
      When the controller grants the second controller "observe"
      Then the controller is answered with a result
      When the controller attaches to the terminal
      And the controller types "after" and Enter
      Then the controller sees "after" in the terminal
      And the second controller sees nothing of "after"

    @req:rpc.device.change-not-found
    Scenario: A device that is not paired
      Given a controller that is paired with it and may also "admin"
      When the controller calls "device.rename" for a device that there is not
      Then the controller is answered with the error "not-found"
      When the controller calls "device.grant" for a device that there is not
      Then the controller is answered with the error "not-found"
