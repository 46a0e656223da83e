# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The supported resource types: facts from the CloudFormation resource provider schemas that AWS publishes."""

from __future__ import annotations

from local_cloud.cloudformation.providers.base import Schema


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SCHEMAS: dict[str, Schema] = {
    "AWS::IAM::Role": Schema(
        type="AWS::IAM::Role",
        properties=_words(
            """
            AssumeRolePolicyDocument Description ManagedPolicyArns MaxSessionDuration Path PermissionsBoundary Policies
            RoleName Tags
            """
        ),
        required=_words("AssumeRolePolicyDocument"),
        create_only=_words("Path RoleName"),
        attributes=_words("Arn RoleId"),
        tags="list",
        name="RoleName",
    ),
    "AWS::IAM::Policy": Schema(
        type="AWS::IAM::Policy",
        properties=_words("Groups PolicyDocument PolicyName Roles Users"),
        required=_words("PolicyDocument PolicyName"),
        attributes=_words("Id"),
    ),
    "AWS::IAM::ManagedPolicy": Schema(
        type="AWS::IAM::ManagedPolicy",
        properties=_words("Description Groups ManagedPolicyName Path PolicyDocument Roles Users"),
        required=_words("PolicyDocument"),
        create_only=_words("Description ManagedPolicyName Path"),
        attributes=_words("PolicyArn PolicyId"),
        name="ManagedPolicyName",
    ),
    "AWS::S3::Bucket": Schema(
        type="AWS::S3::Bucket",
        properties=_words(
            """
            AbacStatus AccelerateConfiguration AccessControl AnalyticsConfigurations BucketEncryption BucketName
            BucketNamePrefix BucketNamespace CorsConfiguration IntelligentTieringConfigurations InventoryConfigurations
            LifecycleConfiguration LoggingConfiguration MetadataConfiguration MetadataTableConfiguration
            MetricsConfigurations NotificationConfiguration ObjectLockConfiguration ObjectLockEnabled OwnershipControls
            PublicAccessBlockConfiguration ReplicationConfiguration Tags VersioningConfiguration WebsiteConfiguration
            """
        ),
        create_only=_words("BucketName"),
        attributes=_words("Arn DomainName DualStackDomainName RegionalDomainName"),
        unsupported=_words(
            """
            AbacStatus AccelerateConfiguration AccessControl AnalyticsConfigurations BucketNamePrefix BucketNamespace
            IntelligentTieringConfigurations InventoryConfigurations LoggingConfiguration MetadataConfiguration
            MetadataTableConfiguration MetricsConfigurations NotificationConfiguration ObjectLockConfiguration
            ObjectLockEnabled ReplicationConfiguration WebsiteConfiguration
            """
        ),
        tags="list",
    ),
    "AWS::S3::BucketPolicy": Schema(
        type="AWS::S3::BucketPolicy",
        properties=_words("Bucket PolicyDocument"),
        required=_words("Bucket PolicyDocument"),
        create_only=_words("Bucket"),
    ),
    "AWS::Lambda::Function": Schema(
        type="AWS::Lambda::Function",
        properties=_words(
            """
            Architectures CapacityProviderConfig Code CodeSigningConfigArn DeadLetterConfig Description DurableConfig
            Environment EphemeralStorage FileSystemConfigs FunctionName FunctionScalingConfig Handler ImageConfig
            KmsKeyArn Layers LoggingConfig MemorySize PackageType PublishToLatestPublished RecursiveLoop
            ReservedConcurrentExecutions Role Runtime RuntimeManagementConfig SnapStart Tags TenancyConfig Timeout
            TracingConfig VpcConfig
            """
        ),
        required=_words("Code Role"),
        create_only=_words("FunctionName PackageType"),
        attributes=_words("Arn"),
        unsupported=_words(
            """
            CapacityProviderConfig DurableConfig FunctionScalingConfig PublishToLatestPublished RecursiveLoop
            RuntimeManagementConfig TenancyConfig
            """
        ),
        tags="list",
    ),
    "AWS::Lambda::Permission": Schema(
        type="AWS::Lambda::Permission",
        properties=_words(
            """
            Action EventSourceToken FunctionName FunctionUrlAuthType InvokedViaFunctionUrl Principal PrincipalOrgID
            SourceAccount SourceArn
            """
        ),
        required=_words("Action FunctionName Principal"),
        create_only=_words("Action EventSourceToken FunctionName FunctionUrlAuthType Principal PrincipalOrgID SourceAccount SourceArn"),
        attributes=_words("Id"),
        unsupported=_words("InvokedViaFunctionUrl"),
    ),
    "AWS::Logs::LogGroup": Schema(
        type="AWS::Logs::LogGroup",
        properties=_words(
            """
            BearerTokenAuthenticationEnabled DataProtectionPolicy DeletionProtectionEnabled FieldIndexPolicies KmsKeyId
            LogGroupClass LogGroupName ResourcePolicyDocument RetentionInDays Tags
            """
        ),
        create_only=_words("LogGroupName"),
        attributes=_words("Arn"),
        unsupported=_words(
            """
            BearerTokenAuthenticationEnabled DataProtectionPolicy DeletionProtectionEnabled FieldIndexPolicies
            ResourcePolicyDocument
            """
        ),
        tags="list",
    ),
    "AWS::IoT::TopicRule": Schema(
        type="AWS::IoT::TopicRule",
        properties=_words("RuleName Tags TopicRulePayload"),
        required=_words("TopicRulePayload"),
        create_only=_words("RuleName"),
        attributes=_words("Arn"),
        tags="list",
    ),
    "AWS::IoT::Thing": Schema(
        type="AWS::IoT::Thing",
        properties=_words("AttributePayload ThingName"),
        create_only=_words("ThingName"),
        attributes=_words("Arn Id"),
    ),
    "AWS::IoT::Policy": Schema(
        type="AWS::IoT::Policy",
        properties=_words("PolicyDocument PolicyName Tags"),
        required=_words("PolicyDocument"),
        create_only=_words("PolicyName"),
        attributes=_words("Arn Id"),
        tags="list",
    ),
    "AWS::Timestream::Database": Schema(
        type="AWS::Timestream::Database",
        properties=_words("DatabaseName KmsKeyId Tags"),
        create_only=_words("DatabaseName"),
        attributes=_words("Arn"),
        tags="list",
    ),
    "AWS::Timestream::Table": Schema(
        type="AWS::Timestream::Table",
        properties=_words("DatabaseName MagneticStoreWriteProperties RetentionProperties Schema TableName Tags"),
        required=_words("DatabaseName"),
        create_only=_words("DatabaseName TableName"),
        attributes=_words("Arn Name"),
        tags="list",
    ),
    "AWS::IoTTwinMaker::Workspace": Schema(
        type="AWS::IoTTwinMaker::Workspace",
        properties=_words("Description Role S3Location Tags WorkspaceId"),
        required=_words("Role S3Location WorkspaceId"),
        create_only=_words("WorkspaceId"),
        attributes=_words("Arn CreationDateTime UpdateDateTime"),
        tags="map",
    ),
    "AWS::IoTTwinMaker::ComponentType": Schema(
        type="AWS::IoTTwinMaker::ComponentType",
        properties=_words(
            """
            ComponentTypeId CompositeComponentTypes Description ExtendsFrom Functions IsSingleton PropertyDefinitions
            PropertyGroups Tags WorkspaceId
            """
        ),
        required=_words("ComponentTypeId WorkspaceId"),
        create_only=_words("ComponentTypeId WorkspaceId"),
        attributes=_words("Arn CreationDateTime IsAbstract IsSchemaInitialized Status.State UpdateDateTime"),
        tags="map",
    ),
    "AWS::IoTTwinMaker::Entity": Schema(
        type="AWS::IoTTwinMaker::Entity",
        properties=_words("Components CompositeComponents Description EntityId EntityName ParentEntityId Tags WorkspaceId"),
        required=_words("EntityName WorkspaceId"),
        create_only=_words("EntityId WorkspaceId"),
        attributes=_words("Arn CreationDateTime HasChildEntities Status.State UpdateDateTime"),
        tags="map",
    ),
    "AWS::IoTTwinMaker::Scene": Schema(
        type="AWS::IoTTwinMaker::Scene",
        properties=_words("Capabilities ContentLocation Description SceneId SceneMetadata Tags WorkspaceId"),
        required=_words("ContentLocation SceneId WorkspaceId"),
        create_only=_words("SceneId WorkspaceId"),
        attributes=_words("Arn CreationDateTime UpdateDateTime"),
        tags="map",
    ),
    "AWS::Grafana::Workspace": Schema(
        type="AWS::Grafana::Workspace",
        properties=_words(
            """
            AccountAccessType AuthenticationProviders ClientToken DataSources Description GrafanaVersion Name
            NetworkAccessControl NotificationDestinations OrganizationRoleName OrganizationalUnits PermissionType
            PluginAdminEnabled RoleArn SamlConfiguration StackSetName Tags VpcConfiguration
            """
        ),
        required=_words("AccountAccessType AuthenticationProviders PermissionType"),
        create_only=_words("ClientToken"),
        attributes=_words("CreationTimestamp Endpoint GrafanaVersion Id ModificationTimestamp SamlConfigurationStatus SsoClientId Status"),
        tags="list",
    ),
    "AWS::DynamoDB::Table": Schema(
        type="AWS::DynamoDB::Table",
        properties=_words(
            """
            AttributeDefinitions BillingMode ContributorInsightsSpecification DeletionProtectionEnabled
            GlobalSecondaryIndexes ImportSourceSpecification KeySchema KinesisStreamSpecification LocalSecondaryIndexes
            OnDemandThroughput PointInTimeRecoverySpecification ProvisionedThroughput ResourcePolicy SSESpecification
            StreamSpecification TableClass TableName Tags TimeToLiveSpecification VectorIndexes WarmThroughput
            """
        ),
        required=_words("KeySchema"),
        create_only=_words("KeySchema LocalSecondaryIndexes TableName"),
        attributes=_words("Arn StreamArn"),
        unsupported=_words(
            """
            ContributorInsightsSpecification ImportSourceSpecification KinesisStreamSpecification OnDemandThroughput
            ResourcePolicy VectorIndexes WarmThroughput
            """
        ),
        tags="list",
    ),
    "AWS::Scheduler::Schedule": Schema(
        type="AWS::Scheduler::Schedule",
        properties=_words(
            """
            Description EndDate FlexibleTimeWindow GroupName KmsKeyArn Name ScheduleExpression ScheduleExpressionTimezone StartDate
            State Target
            """
        ),
        required=_words("FlexibleTimeWindow ScheduleExpression Target"),
        create_only=_words("Name"),
        attributes=_words("Arn"),
        unsupported=_words("EndDate GroupName KmsKeyArn StartDate"),
    ),
    "AWS::CloudWatch::Alarm": Schema(
        type="AWS::CloudWatch::Alarm",
        properties=_words(
            """
            ActionConfiguration ActionsEnabled AlarmActions AlarmDescription AlarmName ComparisonOperator DatapointsToAlarm Dimensions
            EvaluateLowSampleCountPercentile EvaluationCriteria EvaluationInterval EvaluationPeriods EvaluationWindow ExtendedStatistic
            InsufficientDataActions MetricName Metrics Namespace OKActions Period Statistic Tags Threshold ThresholdMetricId
            TreatMissingData Unit WarmUpConfiguration
            """
        ),
        create_only=_words("AlarmName"),
        attributes=_words("Arn"),
        unsupported=_words(
            """
            ActionConfiguration EvaluateLowSampleCountPercentile EvaluationCriteria EvaluationInterval EvaluationWindow
            ExtendedStatistic ThresholdMetricId WarmUpConfiguration
            """
        ),
        tags="list",
    ),
    "AWS::SNS::Topic": Schema(
        type="AWS::SNS::Topic",
        properties=_words(
            """
            ArchivePolicy ContentBasedDeduplication DataProtectionPolicy DeliveryStatusLogging DisplayName FifoThroughputScope FifoTopic
            KmsMasterKeyId MaximumMessageSize SignatureVersion Subscription Tags TopicName TracingConfig
            """
        ),
        create_only=_words("FifoTopic TopicName"),
        attributes=_words("TopicArn TopicName"),
        unsupported=_words(
            """
            ArchivePolicy ContentBasedDeduplication DataProtectionPolicy DeliveryStatusLogging FifoThroughputScope FifoTopic
            KmsMasterKeyId MaximumMessageSize SignatureVersion Subscription TracingConfig
            """
        ),
        tags="list",
    ),
    "AWS::SNS::TopicPolicy": Schema(
        type="AWS::SNS::TopicPolicy",
        properties=_words("PolicyDocument Topics"),
        required=_words("PolicyDocument Topics"),
        attributes=_words("Id"),
    ),
    "AWS::SNS::Subscription": Schema(
        type="AWS::SNS::Subscription",
        properties=_words(
            """
            DeliveryPolicy Endpoint FilterPolicy FilterPolicyScope Protocol RawMessageDelivery RedrivePolicy Region ReplayPolicy
            SubscriptionRoleArn TopicArn
            """
        ),
        required=_words("Protocol TopicArn"),
        create_only=_words("Endpoint Protocol TopicArn"),
        attributes=_words("Arn"),
        unsupported=_words(
            """
            DeliveryPolicy FilterPolicy FilterPolicyScope RawMessageDelivery RedrivePolicy Region ReplayPolicy SubscriptionRoleArn
            """
        ),
    ),
}
