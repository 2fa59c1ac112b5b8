package config

// securityBrokerKeys: SASL, TLS, authorisation, delegation tokens. Sorted by name.
var securityBrokerKeys = []Key{ //nolint:gochecknoglobals // a constant table
	{
		Name: "authorizer.class.name", Type: String, Default: "", Check: special(checkNonNull), Importance: Low, State: Refused,
		Doc: "The Java class of the authorizer; empty for none.",
	},
	{
		Name: "connection.failed.authentication.delay.ms", Type: Int, Default: "100", Check: atLeast(0), Importance: Low,
		Doc: "How long the connection is held open after a failed login before it is closed.",
	},
	{
		Name: "connections.max.idle.ms", Type: Long, Default: "600000", Importance: Medium, State: InEffect,
		Doc: "A connection on which nothing was sent for this long is closed; negative for never.",
	},
	{
		Name: "connections.max.reauth.ms", Type: Long, Default: "0", Importance: Medium, State: Refused,
		Doc: "How long a SASL login lasts before the client must log in again; 0 for ever.",
	},
	{
		Name: "delegation.token.expiry.check.interval.ms", Type: Long, Default: "3600000", Check: atLeast(1), Importance: Low,
		Doc: "How often expired delegation tokens are removed.",
	},
	{
		Name: "delegation.token.expiry.time.ms", Type: Long, Default: "86400000", Check: atLeast(1), Importance: Medium,
		Doc: "How long a delegation token is valid without a renewal.",
	},
	{
		Name: "delegation.token.max.lifetime.ms", Type: Long, Default: "604800000", Check: atLeast(1), Importance: Medium,
		Doc: "How long a delegation token can be renewed.",
	},
	{
		Name: "delegation.token.secret.key", Type: Password, Null: true, Importance: Medium, State: Refused,
		Doc: "The secret that signs delegation tokens; none switches them off.",
	},
	{
		Name: "principal.builder.class", Type: Class, Default: "org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder", Importance: Medium, Mode: PerBroker, State: Refused,
		Doc: "The Java class that says who a connection is.",
	},
	{
		Name: "sasl.client.callback.handler.class", Type: Class, Null: true, Importance: Medium, State: Refused,
		Doc: "The Java class that answers a client login's questions.",
	},
	{
		Name: "sasl.enabled.mechanisms", Type: List, Default: "GSSAPI", Check: distinct(true, false), Importance: Medium, Mode: PerBroker, State: Refused,
		Doc: "The SASL mechanisms that are offered.",
	},
	{
		Name: "sasl.jaas.config", Type: Password, Null: true, Importance: Medium, Mode: PerBroker, State: Refused,
		Doc: "The login module and its options, in JAAS form.",
	},
	{
		Name: "sasl.kerberos.kinit.cmd", Type: String, Default: "/usr/bin/kinit", Importance: Medium, Mode: PerBroker, State: Refused,
		Doc: "The path of kinit.",
	},
	{
		Name: "sasl.kerberos.min.time.before.relogin", Type: Long, Default: "60000", Importance: Medium, Mode: PerBroker,
		Doc: "The least time between two Kerberos logins.",
	},
	{
		Name: "sasl.kerberos.principal.to.local.rules", Type: List, Default: "DEFAULT", Check: distinct(true, false), Importance: Medium, Mode: PerBroker, State: Refused,
		Doc: "Rules that make user names of Kerberos principals.",
	},
	{
		Name: "sasl.kerberos.service.name", Type: String, Null: true, Importance: Medium, Mode: PerBroker, State: Refused,
		Doc: "The Kerberos service name of the brokers.",
	},
	{
		Name: "sasl.kerberos.ticket.renew.jitter", Type: Double, Default: "0.05", Importance: Medium, Mode: PerBroker,
		Doc: "How much the time of renewal varies at random.",
	},
	{
		Name: "sasl.kerberos.ticket.renew.window.factor", Type: Double, Default: "0.8", Importance: Medium, Mode: PerBroker,
		Doc: "After which part of its life a ticket is renewed.",
	},
	{
		Name: "sasl.login.callback.handler.class", Type: Class, Null: true, Importance: Medium, State: Refused,
		Doc: "The Java class that answers a login's questions.",
	},
	{
		Name: "sasl.login.class", Type: Class, Null: true, Importance: Medium, State: Refused,
		Doc: "The Java class that logs in.",
	},
	{
		Name: "sasl.login.connect.timeout.ms", Type: Int, Null: true, Importance: Low, State: Refused,
		Doc: "How long connecting to the token provider may take.",
	},
	{
		Name: "sasl.login.read.timeout.ms", Type: Int, Null: true, Importance: Low, State: Refused,
		Doc: "How long the token provider's answer may take.",
	},
	{
		Name: "sasl.login.refresh.buffer.seconds", Type: Short, Default: "300", Importance: Medium, Mode: PerBroker,
		Doc: "How long before its end a token is refreshed at the latest.",
	},
	{
		Name: "sasl.login.refresh.min.period.seconds", Type: Short, Default: "60", Importance: Medium, Mode: PerBroker,
		Doc: "The least time between two refreshes of a token.",
	},
	{
		Name: "sasl.login.refresh.window.factor", Type: Double, Default: "0.8", Importance: Medium, Mode: PerBroker,
		Doc: "After which part of its life a token is refreshed.",
	},
	{
		Name: "sasl.login.refresh.window.jitter", Type: Double, Default: "0.05", Importance: Medium, Mode: PerBroker,
		Doc: "How much the time of refresh varies at random.",
	},
	{
		Name: "sasl.login.retry.backoff.max.ms", Type: Long, Default: "10000", Importance: Low, State: Refused,
		Doc: "The longest wait between two tries to get a token.",
	},
	{
		Name: "sasl.login.retry.backoff.ms", Type: Long, Default: "100", Importance: Low, State: Refused,
		Doc: "The first wait between two tries to get a token.",
	},
	{
		Name: "sasl.mechanism.controller.protocol", Type: String, Default: "GSSAPI", Importance: High, State: Refused,
		Doc: "The SASL mechanism for connections to controllers.",
	},
	{
		Name: "sasl.mechanism.inter.broker.protocol", Type: String, Default: "GSSAPI", Importance: Medium, Mode: PerBroker, State: Refused,
		Doc: "The SASL mechanism for connections between brokers.",
	},
	{
		Name: "sasl.oauthbearer.allow.unverified.audience", Type: Boolean, Default: "false", Importance: Medium, State: Refused,
		Doc: "Whether tokens pass without a check of whom they are for.",
	},
	{
		Name: "sasl.oauthbearer.allow.unverified.issuer", Type: Boolean, Default: "false", Importance: Medium, State: Refused,
		Doc: "Whether tokens pass without a check of who made them.",
	},
	{
		Name: "sasl.oauthbearer.assertion.algorithm", Type: String, Default: "RS256", Check: anyCase("ES256,RS256"), Importance: Medium, State: Refused,
		Doc: "The algorithm that signs assertions.",
	},
	{
		Name: "sasl.oauthbearer.assertion.claim.aud", Type: String, Null: true, Importance: Medium, State: Refused,
		Doc: "The audience in an assertion.",
	},
	{
		Name: "sasl.oauthbearer.assertion.claim.exp.seconds", Type: Int, Default: "300", Check: between(0, 86400), Importance: Low, State: Refused,
		Doc: "How long an assertion is valid.",
	},
	{
		Name: "sasl.oauthbearer.assertion.claim.iss", Type: String, Null: true, Importance: Medium, State: Refused,
		Doc: "The issuer in an assertion.",
	},
	{
		Name: "sasl.oauthbearer.assertion.claim.jti.include", Type: Boolean, Default: "false", Importance: Medium, State: Refused,
		Doc: "Whether an assertion gets an id of its own.",
	},
	{
		Name: "sasl.oauthbearer.assertion.claim.nbf.seconds", Type: Int, Default: "60", Check: between(0, 3600), Importance: Low, State: Refused,
		Doc: "How far back an assertion begins to be valid.",
	},
	{
		Name: "sasl.oauthbearer.assertion.claim.sub", Type: String, Null: true, Importance: Medium, State: Refused,
		Doc: "The subject in an assertion.",
	},
	{
		Name: "sasl.oauthbearer.assertion.file", Type: String, Null: true, Importance: Medium, State: Refused,
		Doc: "A file with a ready assertion.",
	},
	{
		Name: "sasl.oauthbearer.assertion.private.key.file", Type: String, Null: true, Importance: Medium, State: Refused,
		Doc: "The file of the key that signs assertions.",
	},
	{
		Name: "sasl.oauthbearer.assertion.private.key.passphrase", Type: Password, Null: true, Importance: Medium, State: Refused,
		Doc: "The passphrase of that key.",
	},
	{
		Name: "sasl.oauthbearer.assertion.template.file", Type: String, Null: true, Importance: Medium, State: Refused,
		Doc: "A file with header and claims of assertions.",
	},
	{
		Name: "sasl.oauthbearer.client.credentials.client.id", Type: String, Null: true, Importance: Medium, State: Refused,
		Doc: "The client id shown to the token provider.",
	},
	{
		Name: "sasl.oauthbearer.client.credentials.client.secret", Type: Password, Null: true, Importance: Medium, State: Refused,
		Doc: "The client secret shown to the token provider.",
	},
	{
		Name: "sasl.oauthbearer.clock.skew.seconds", Type: Int, Default: "30", Importance: Low, State: Refused,
		Doc: "How far the token provider's clock may be off.",
	},
	{
		Name: "sasl.oauthbearer.expected.audience", Type: List, Default: "", Check: distinct(true, false), Importance: High, State: Refused,
		Doc: "Whom a token must be for.",
	},
	{
		Name: "sasl.oauthbearer.expected.issuer", Type: String, Null: true, Importance: High, State: Refused,
		Doc: "Who must have made a token.",
	},
	{
		Name: "sasl.oauthbearer.jwks.endpoint.refresh.ms", Type: Long, Default: "3600000", Importance: Low, State: Refused,
		Doc: "How often the token provider's keys are fetched again.",
	},
	{
		Name: "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms", Type: Long, Default: "10000", Importance: Low, State: Refused,
		Doc: "The longest wait between two tries to fetch the keys.",
	},
	{
		Name: "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms", Type: Long, Default: "100", Importance: Low, State: Refused,
		Doc: "The first wait between two tries to fetch the keys.",
	},
	{
		Name: "sasl.oauthbearer.jwks.endpoint.url", Type: String, Null: true, Importance: Medium, State: Refused,
		Doc: "Where the token provider's keys are.",
	},
	{
		Name: "sasl.oauthbearer.jwt.retriever.class", Type: Class, Default: "org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever", Importance: Medium, State: Refused,
		Doc: "The Java class that gets tokens.",
	},
	{
		Name: "sasl.oauthbearer.jwt.validator.class", Type: Class, Default: "org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator", Importance: Medium, State: Refused,
		Doc: "The Java class that checks tokens.",
	},
	{
		Name: "sasl.oauthbearer.scope", Type: String, Null: true, Importance: Medium, State: Refused,
		Doc: "The scope asked of the token provider.",
	},
	{
		Name: "sasl.oauthbearer.scope.claim.name", Type: String, Default: "scope", Importance: Low, State: Refused,
		Doc: "The claim that holds the scope.",
	},
	{
		Name: "sasl.oauthbearer.sub.claim.name", Type: String, Default: "sub", Importance: Low, State: Refused,
		Doc: "The claim that holds the subject.",
	},
	{
		Name: "sasl.oauthbearer.token.endpoint.url", Type: String, Null: true, Importance: Medium, State: Refused,
		Doc: "Where tokens are issued.",
	},
	{
		Name: "sasl.server.callback.handler.class", Type: Class, Null: true, Importance: Medium, State: Refused,
		Doc: "The Java class that answers the server side's questions.",
	},
	{
		Name: "sasl.server.max.receive.size", Type: Int, Default: "524288", Importance: Medium, State: Refused,
		Doc: "The largest SASL message that is accepted before login.",
	},
	{
		Name: "security.inter.broker.protocol", Type: String, Default: "PLAINTEXT", Check: oneOf("PLAINTEXT,SSL,SASL_PLAINTEXT,SASL_SSL"), Importance: Medium, State: Refused,
		Doc: "The security protocol between brokers, where no listener is named for it.",
	},
	{
		Name: "security.providers", Type: String, Null: true, Importance: Low, State: Refused,
		Doc: "Java classes of further security providers.",
	},
	{
		Name: "ssl.allow.dn.changes", Type: Boolean, Default: "false", Importance: Low, State: Refused,
		Doc: "Whether a new certificate may have another subject.",
	},
	{
		Name: "ssl.allow.san.changes", Type: Boolean, Default: "false", Importance: Low, State: Refused,
		Doc: "Whether a new certificate may lack names that the old one had.",
	},
	{
		Name: "ssl.cipher.suites", Type: List, Default: "", Check: distinct(true, false), Importance: Medium, Mode: PerBroker, State: Refused,
		Doc: "The cipher suites that are offered.",
	},
	{
		Name: "ssl.client.auth", Type: String, Default: "none", Check: oneOf("required,requested,none"), Importance: Medium, Mode: PerBroker, State: Refused,
		Doc: "Whether clients must show a certificate.",
	},
	{
		Name: "ssl.enabled.protocols", Type: List, Default: "TLSv1.2,TLSv1.3", Check: distinct(true, false), Importance: Medium, Mode: PerBroker, State: Refused,
		Doc: "The TLS versions that are offered.",
	},
	{
		Name: "ssl.endpoint.identification.algorithm", Type: String, Default: "https", Importance: Low, Mode: PerBroker, State: Refused,
		Doc: "How a server's name is checked against its certificate.",
	},
	{
		Name: "ssl.engine.factory.class", Type: Class, Null: true, Importance: Low, Mode: PerBroker, State: Refused,
		Doc: "The Java class that makes TLS engines.",
	},
	{
		Name: "ssl.key.password", Type: Password, Null: true, Importance: Medium, Mode: PerBroker, State: Refused,
		Doc: "The password of the private key.",
	},
	{
		Name: "ssl.keymanager.algorithm", Type: String, Default: "SunX509", Importance: Medium, Mode: PerBroker, State: Refused,
		Doc: "The algorithm of the Java key manager.",
	},
	{
		Name: "ssl.keystore.certificate.chain", Type: Password, Null: true, Importance: Medium, Mode: PerBroker, State: Refused,
		Doc: "The certificate chain, as PEM.",
	},
	{
		Name: "ssl.keystore.key", Type: Password, Null: true, Importance: Medium, Mode: PerBroker, State: Refused,
		Doc: "The private key, as PEM.",
	},
	{
		Name: "ssl.keystore.location", Type: String, Null: true, Importance: Medium, Mode: PerBroker, State: Refused,
		Doc: "The file of the key store.",
	},
	{
		Name: "ssl.keystore.password", Type: Password, Null: true, Importance: Medium, Mode: PerBroker, State: Refused,
		Doc: "The password of the key store.",
	},
	{
		Name: "ssl.keystore.type", Type: String, Default: "JKS", Importance: Medium, Mode: PerBroker, State: Refused,
		Doc: "The format of the key store.",
	},
	{
		Name: "ssl.principal.mapping.rules", Type: String, Default: "DEFAULT", Importance: Low, State: Refused,
		Doc: "Rules that make user names of certificate subjects.",
	},
	{
		Name: "ssl.protocol", Type: String, Default: "TLSv1.3", Importance: Medium, Mode: PerBroker, State: Refused,
		Doc: "The TLS version of the Java context.",
	},
	{
		Name: "ssl.provider", Type: String, Null: true, Importance: Medium, Mode: PerBroker, State: Refused,
		Doc: "The Java security provider for TLS.",
	},
	{
		Name: "ssl.secure.random.implementation", Type: String, Null: true, Importance: Low, Mode: PerBroker, State: Refused,
		Doc: "The Java source of randomness for TLS.",
	},
	{
		Name: "ssl.trustmanager.algorithm", Type: String, Default: "PKIX", Importance: Medium, Mode: PerBroker, State: Refused,
		Doc: "The algorithm of the Java trust manager.",
	},
	{
		Name: "ssl.truststore.certificates", Type: Password, Null: true, Importance: Medium, Mode: PerBroker, State: Refused,
		Doc: "Trusted certificates, as PEM.",
	},
	{
		Name: "ssl.truststore.location", Type: String, Null: true, Importance: Medium, Mode: PerBroker, State: Refused,
		Doc: "The file of the trust store.",
	},
	{
		Name: "ssl.truststore.password", Type: Password, Null: true, Importance: Medium, Mode: PerBroker, State: Refused,
		Doc: "The password of the trust store.",
	},
	{
		Name: "ssl.truststore.type", Type: String, Default: "JKS", Importance: Medium, Mode: PerBroker, State: Refused,
		Doc: "The format of the trust store.",
	},
}
