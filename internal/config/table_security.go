package config

// securityBrokerKeys: SASL, TLS, authorisation, delegation tokens. Sorted by name.
var securityBrokerKeys = []Key{ //nolint:gochecknoglobals // a constant table
	{
		Name: "authorizer.class.name", Type: String, Default: "", Check: special(checkNonNull), Importance: Low,
		Doc: "",
	},
	{
		Name: "connection.failed.authentication.delay.ms", Type: Int, Default: "100", Check: atLeast(0), Importance: Low,
		Doc: "",
	},
	{
		Name: "connections.max.idle.ms", Type: Long, Default: "600000", Importance: Medium,
		Doc: "",
	},
	{
		Name: "connections.max.reauth.ms", Type: Long, Default: "0", Importance: Medium,
		Doc: "",
	},
	{
		Name: "delegation.token.expiry.check.interval.ms", Type: Long, Default: "3600000", Check: atLeast(1), Importance: Low,
		Doc: "",
	},
	{
		Name: "delegation.token.expiry.time.ms", Type: Long, Default: "86400000", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "delegation.token.max.lifetime.ms", Type: Long, Default: "604800000", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "delegation.token.secret.key", Type: Password, Null: true, Importance: Medium,
		Doc: "",
	},
	{
		Name: "principal.builder.class", Type: Class, Default: "org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder", Importance: Medium, Mode: PerBroker,
		Doc: "",
	},
	{
		Name: "sasl.client.callback.handler.class", Type: Class, Null: true, Importance: Medium,
		Doc: "",
	},
	{
		Name: "sasl.enabled.mechanisms", Type: List, Default: "GSSAPI", Check: distinct(true, false), Importance: Medium, Mode: PerBroker,
		Doc: "",
	},
	{
		Name: "sasl.jaas.config", Type: Password, Null: true, Importance: Medium, Mode: PerBroker,
		Doc: "",
	},
	{
		Name: "sasl.kerberos.kinit.cmd", Type: String, Default: "/usr/bin/kinit", Importance: Medium, Mode: PerBroker,
		Doc: "",
	},
	{
		Name: "sasl.kerberos.min.time.before.relogin", Type: Long, Default: "60000", Importance: Medium, Mode: PerBroker,
		Doc: "",
	},
	{
		Name: "sasl.kerberos.principal.to.local.rules", Type: List, Default: "DEFAULT", Check: distinct(true, false), Importance: Medium, Mode: PerBroker,
		Doc: "",
	},
	{
		Name: "sasl.kerberos.service.name", Type: String, Null: true, Importance: Medium, Mode: PerBroker,
		Doc: "",
	},
	{
		Name: "sasl.kerberos.ticket.renew.jitter", Type: Double, Default: "0.05", Importance: Medium, Mode: PerBroker,
		Doc: "",
	},
	{
		Name: "sasl.kerberos.ticket.renew.window.factor", Type: Double, Default: "0.8", Importance: Medium, Mode: PerBroker,
		Doc: "",
	},
	{
		Name: "sasl.login.callback.handler.class", Type: Class, Null: true, Importance: Medium,
		Doc: "",
	},
	{
		Name: "sasl.login.class", Type: Class, Null: true, Importance: Medium,
		Doc: "",
	},
	{
		Name: "sasl.login.connect.timeout.ms", Type: Int, Null: true, Importance: Low,
		Doc: "",
	},
	{
		Name: "sasl.login.read.timeout.ms", Type: Int, Null: true, Importance: Low,
		Doc: "",
	},
	{
		Name: "sasl.login.refresh.buffer.seconds", Type: Short, Default: "300", Importance: Medium, Mode: PerBroker,
		Doc: "",
	},
	{
		Name: "sasl.login.refresh.min.period.seconds", Type: Short, Default: "60", Importance: Medium, Mode: PerBroker,
		Doc: "",
	},
	{
		Name: "sasl.login.refresh.window.factor", Type: Double, Default: "0.8", Importance: Medium, Mode: PerBroker,
		Doc: "",
	},
	{
		Name: "sasl.login.refresh.window.jitter", Type: Double, Default: "0.05", Importance: Medium, Mode: PerBroker,
		Doc: "",
	},
	{
		Name: "sasl.login.retry.backoff.max.ms", Type: Long, Default: "10000", Importance: Low,
		Doc: "",
	},
	{
		Name: "sasl.login.retry.backoff.ms", Type: Long, Default: "100", Importance: Low,
		Doc: "",
	},
	{
		Name: "sasl.mechanism.controller.protocol", Type: String, Default: "GSSAPI", Importance: High,
		Doc: "",
	},
	{
		Name: "sasl.mechanism.inter.broker.protocol", Type: String, Default: "GSSAPI", Importance: Medium, Mode: PerBroker,
		Doc: "",
	},
	{
		Name: "sasl.oauthbearer.allow.unverified.audience", Type: Boolean, Default: "false", Importance: Medium,
		Doc: "",
	},
	{
		Name: "sasl.oauthbearer.allow.unverified.issuer", Type: Boolean, Default: "false", Importance: Medium,
		Doc: "",
	},
	{
		Name: "sasl.oauthbearer.assertion.algorithm", Type: String, Default: "RS256", Check: anyCase("ES256,RS256"), Importance: Medium,
		Doc: "",
	},
	{
		Name: "sasl.oauthbearer.assertion.claim.aud", Type: String, Null: true, Importance: Medium,
		Doc: "",
	},
	{
		Name: "sasl.oauthbearer.assertion.claim.exp.seconds", Type: Int, Default: "300", Check: between(0, 86400), Importance: Low,
		Doc: "",
	},
	{
		Name: "sasl.oauthbearer.assertion.claim.iss", Type: String, Null: true, Importance: Medium,
		Doc: "",
	},
	{
		Name: "sasl.oauthbearer.assertion.claim.jti.include", Type: Boolean, Default: "false", Importance: Medium,
		Doc: "",
	},
	{
		Name: "sasl.oauthbearer.assertion.claim.nbf.seconds", Type: Int, Default: "60", Check: between(0, 3600), Importance: Low,
		Doc: "",
	},
	{
		Name: "sasl.oauthbearer.assertion.claim.sub", Type: String, Null: true, Importance: Medium,
		Doc: "",
	},
	{
		Name: "sasl.oauthbearer.assertion.file", Type: String, Null: true, Importance: Medium,
		Doc: "",
	},
	{
		Name: "sasl.oauthbearer.assertion.private.key.file", Type: String, Null: true, Importance: Medium,
		Doc: "",
	},
	{
		Name: "sasl.oauthbearer.assertion.private.key.passphrase", Type: Password, Null: true, Importance: Medium,
		Doc: "",
	},
	{
		Name: "sasl.oauthbearer.assertion.template.file", Type: String, Null: true, Importance: Medium,
		Doc: "",
	},
	{
		Name: "sasl.oauthbearer.client.credentials.client.id", Type: String, Null: true, Importance: Medium,
		Doc: "",
	},
	{
		Name: "sasl.oauthbearer.client.credentials.client.secret", Type: Password, Null: true, Importance: Medium,
		Doc: "",
	},
	{
		Name: "sasl.oauthbearer.clock.skew.seconds", Type: Int, Default: "30", Importance: Low,
		Doc: "",
	},
	{
		Name: "sasl.oauthbearer.expected.audience", Type: List, Default: "", Check: distinct(true, false), Importance: High,
		Doc: "",
	},
	{
		Name: "sasl.oauthbearer.expected.issuer", Type: String, Null: true, Importance: High,
		Doc: "",
	},
	{
		Name: "sasl.oauthbearer.jwks.endpoint.refresh.ms", Type: Long, Default: "3600000", Importance: Low,
		Doc: "",
	},
	{
		Name: "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms", Type: Long, Default: "10000", Importance: Low,
		Doc: "",
	},
	{
		Name: "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms", Type: Long, Default: "100", Importance: Low,
		Doc: "",
	},
	{
		Name: "sasl.oauthbearer.jwks.endpoint.url", Type: String, Null: true, Importance: Medium,
		Doc: "",
	},
	{
		Name: "sasl.oauthbearer.jwt.retriever.class", Type: Class, Default: "org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever", Importance: Medium,
		Doc: "",
	},
	{
		Name: "sasl.oauthbearer.jwt.validator.class", Type: Class, Default: "org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator", Importance: Medium,
		Doc: "",
	},
	{
		Name: "sasl.oauthbearer.scope", Type: String, Null: true, Importance: Medium,
		Doc: "",
	},
	{
		Name: "sasl.oauthbearer.scope.claim.name", Type: String, Default: "scope", Importance: Low,
		Doc: "",
	},
	{
		Name: "sasl.oauthbearer.sub.claim.name", Type: String, Default: "sub", Importance: Low,
		Doc: "",
	},
	{
		Name: "sasl.oauthbearer.token.endpoint.url", Type: String, Null: true, Importance: Medium,
		Doc: "",
	},
	{
		Name: "sasl.server.callback.handler.class", Type: Class, Null: true, Importance: Medium,
		Doc: "",
	},
	{
		Name: "sasl.server.max.receive.size", Type: Int, Default: "524288", Importance: Medium,
		Doc: "",
	},
	{
		Name: "security.inter.broker.protocol", Type: String, Default: "PLAINTEXT", Check: oneOf("PLAINTEXT,SSL,SASL_PLAINTEXT,SASL_SSL"), Importance: Medium,
		Doc: "",
	},
	{
		Name: "security.providers", Type: String, Null: true, Importance: Low,
		Doc: "",
	},
	{
		Name: "ssl.allow.dn.changes", Type: Boolean, Default: "false", Importance: Low,
		Doc: "",
	},
	{
		Name: "ssl.allow.san.changes", Type: Boolean, Default: "false", Importance: Low,
		Doc: "",
	},
	{
		Name: "ssl.cipher.suites", Type: List, Default: "", Check: distinct(true, false), Importance: Medium, Mode: PerBroker,
		Doc: "",
	},
	{
		Name: "ssl.client.auth", Type: String, Default: "none", Check: oneOf("required,requested,none"), Importance: Medium, Mode: PerBroker,
		Doc: "",
	},
	{
		Name: "ssl.enabled.protocols", Type: List, Default: "TLSv1.2,TLSv1.3", Check: distinct(true, false), Importance: Medium, Mode: PerBroker,
		Doc: "",
	},
	{
		Name: "ssl.endpoint.identification.algorithm", Type: String, Default: "https", Importance: Low, Mode: PerBroker,
		Doc: "",
	},
	{
		Name: "ssl.engine.factory.class", Type: Class, Null: true, Importance: Low, Mode: PerBroker,
		Doc: "",
	},
	{
		Name: "ssl.key.password", Type: Password, Null: true, Importance: Medium, Mode: PerBroker,
		Doc: "",
	},
	{
		Name: "ssl.keymanager.algorithm", Type: String, Default: "SunX509", Importance: Medium, Mode: PerBroker,
		Doc: "",
	},
	{
		Name: "ssl.keystore.certificate.chain", Type: Password, Null: true, Importance: Medium, Mode: PerBroker,
		Doc: "",
	},
	{
		Name: "ssl.keystore.key", Type: Password, Null: true, Importance: Medium, Mode: PerBroker,
		Doc: "",
	},
	{
		Name: "ssl.keystore.location", Type: String, Null: true, Importance: Medium, Mode: PerBroker,
		Doc: "",
	},
	{
		Name: "ssl.keystore.password", Type: Password, Null: true, Importance: Medium, Mode: PerBroker,
		Doc: "",
	},
	{
		Name: "ssl.keystore.type", Type: String, Default: "JKS", Importance: Medium, Mode: PerBroker,
		Doc: "",
	},
	{
		Name: "ssl.principal.mapping.rules", Type: String, Default: "DEFAULT", Importance: Low,
		Doc: "",
	},
	{
		Name: "ssl.protocol", Type: String, Default: "TLSv1.3", Importance: Medium, Mode: PerBroker,
		Doc: "",
	},
	{
		Name: "ssl.provider", Type: String, Null: true, Importance: Medium, Mode: PerBroker,
		Doc: "",
	},
	{
		Name: "ssl.secure.random.implementation", Type: String, Null: true, Importance: Low, Mode: PerBroker,
		Doc: "",
	},
	{
		Name: "ssl.trustmanager.algorithm", Type: String, Default: "PKIX", Importance: Medium, Mode: PerBroker,
		Doc: "",
	},
	{
		Name: "ssl.truststore.certificates", Type: Password, Null: true, Importance: Medium, Mode: PerBroker,
		Doc: "",
	},
	{
		Name: "ssl.truststore.location", Type: String, Null: true, Importance: Medium, Mode: PerBroker,
		Doc: "",
	},
	{
		Name: "ssl.truststore.password", Type: Password, Null: true, Importance: Medium, Mode: PerBroker,
		Doc: "",
	},
	{
		Name: "ssl.truststore.type", Type: String, Default: "JKS", Importance: Medium, Mode: PerBroker,
		Doc: "",
	},
}
