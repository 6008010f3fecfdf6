@relay
Feature: Admission by a secret
  A private relay serves those alone who know the secret in its path.

  Background:
    Given a relay under test whose path holds a secret

  Rule: A relay whose path holds a secret gives the same answer to every upgrade at another path

    @req:relay.secret.uniform @req:relay.path @negative
    Scenario Outline: <path> is answered as any path is
      When a client asks for an upgrade at <path>
      Then the relay answers as at a path that nobody has heard of

      Examples:
        | path                                       |
        | the path without the secret                |
        | the path with another secret               |
        | the path with another last character       |
        | the path with the first half of the secret |
        | the path with all but its last character   |
        | the path with the secret in capitals       |
        | the path with the secret twice             |
        | the path with a character more             |

    @req:relay.secret.uniform @negative
    Scenario: Nor does the answer depend on the subprotocol
      When a client asks for an upgrade without a subprotocol at the path with another secret
      Then the relay answers as at a path that nobody has heard of

    @req:relay.secret.uniform
    Scenario: Who knows the secret is let in
      When the controller connects
      Then the first thing that the controller hears is "hello"

  Rule: A relay whose path holds a secret answers GET /healthz with HTTP status 404

    @req:relay.secret.hidden @negative
    Scenario: Health is not told to strangers
      Then GET /healthz at the root is answered with HTTP status 404

  Rule: The origins of a relay whose path holds a secret end with the secret

    @req:relay.secret.origin
    Scenario: A bind for the whole address is accepted
      Given an agent that has connected
      When the agent binds its route as open
      Then the agent is told "bound" for its route

    @req:relay.secret.origin @negative
    Scenario: A bind for the address without the secret is refused
      Given an agent that has connected
      When the agent binds its route as open, with the origin without the secret
      Then the relay closes the connection of the agent with 4401 "unauthenticated"

  Rule: A relay does not write the secret of its path to a log

    @req:relay.secret.quiet @negative
    Scenario: What the relay writes while clients come with the right and with wrong secrets
      Given an agent that has connected
      When the agent binds its route as open
      Then the agent is told "bound" for its route
      When a client asks for an upgrade at the path with all but its last character
      And the relay is told to stop
      Then nothing that the relay wrote contains the secret
