"""Names that exist in the cloud: operations of the services we offer parts of, and product actions (spec 4.7).

They tell a name that is only not offered here from one that is misspelt.
"""

from __future__ import annotations

from typing import Final

_OPERATIONS: Final = {
    "ECS": """
        AcceptInquiredSystemEvent ActivateRouterInterface AddBandwidthPackageIps AddTags AllocateDedicatedHosts
        AllocateEipAddress AllocatePublicIpAddress ApplyAutoSnapshotPolicy AssignIpv6Addresses
        AssignPrivateIpAddresses AssociateEipAddress AssociateHaVip AttachClassicLinkVpc AttachDisk
        AttachInstanceRamRole AttachKeyPair AttachNetworkInterface AuthorizeSecurityGroup
        AuthorizeSecurityGroupEgress CancelAutoSnapshotPolicy CancelCopyImage CancelImagePipelineExecution
        CancelPhysicalConnection CancelSimulatedSystemEvents CancelTask CloneDisks ConnectRouterInterface
        ConvertNatPublicIpToEip CopyImage CopySnapshot CreateActivation CreateAutoProvisioningGroup
        CreateAutoSnapshotPolicy CreateCapacityReservation CreateCommand CreateDedicatedHostCluster
        CreateDeploymentSet CreateDiagnosticMetricSet CreateDiagnosticReport CreateDisk
        CreateElasticityAssurance CreateForwardEntry CreateHaVip CreateHpcCluster CreateImage
        CreateImageComponent CreateImagePipeline CreateInstance CreateKeyPair CreateLaunchTemplate
        CreateLaunchTemplateVersion CreateNatGateway CreateNetworkInterface CreateNetworkInterfacePermission
        CreatePhysicalConnection CreatePlanMaintenanceWindow CreatePortRangeList CreatePrefixList
        CreateRouteEntry CreateRouterInterface CreateSavingsPlan CreateSecurityGroup CreateSimulatedSystemEvents
        CreateSnapshot CreateSnapshotGroup CreateStorageSet CreateVSwitch CreateVirtualBorderRouter CreateVpc
        CreateVsc DeactivateRouterInterface DeleteActivation DeleteAutoProvisioningGroup
        DeleteAutoSnapshotPolicy DeleteBandwidthPackage DeleteCommand DeleteDedicatedHostCluster
        DeleteDeploymentSet DeleteDiagnosticMetricSets DeleteDiagnosticReports DeleteDisk DeleteForwardEntry
        DeleteHaVip DeleteHpcCluster DeleteImage DeleteImageComponent DeleteImagePipeline DeleteInstance
        DeleteInstances DeleteKeyPairs DeleteLaunchTemplate DeleteLaunchTemplateVersion DeleteNatGateway
        DeleteNetworkInterface DeleteNetworkInterfacePermission DeletePhysicalConnection
        DeletePlanMaintenanceWindow DeletePortRangeList DeletePrefixList DeleteRouteEntry DeleteRouterInterface
        DeleteSecurityGroup DeleteSnapshot DeleteSnapshotGroup DeleteStorageSet DeleteVSwitch
        DeleteVirtualBorderRouter DeleteVpc DeleteVsc DeregisterManagedInstance DescribeAccessPoints
        DescribeAccountAttributes DescribeActivations DescribeAutoProvisioningGroupHistory
        DescribeAutoProvisioningGroupInstances DescribeAutoProvisioningGroups
        DescribeAutoSnapshotPolicyAssociations DescribeAutoSnapshotPolicyEx DescribeAvailableResource
        DescribeBandwidthLimitation DescribeBandwidthPackages DescribeCapacityReservationInstances
        DescribeCapacityReservations DescribeClassicLinkInstances DescribeCloudAssistantSettings
        DescribeCloudAssistantStatus DescribeClusters DescribeCommands DescribeDedicatedHostAutoRenew
        DescribeDedicatedHostClusters DescribeDedicatedHostTypes DescribeDedicatedHosts
        DescribeDeploymentSetSupportedInstanceTypeFamily DescribeDeploymentSets DescribeDiagnosticMetricSets
        DescribeDiagnosticMetrics DescribeDiagnosticReportAttributes DescribeDiagnosticReports
        DescribeDiskDefaultKMSKeyId DescribeDiskEncryptionByDefaultStatus DescribeDiskMonitorData DescribeDisks
        DescribeDisksFullStatus DescribeEipAddresses DescribeEipMonitorData
        DescribeElasticityAssuranceAutoRenewAttribute DescribeElasticityAssuranceInstances
        DescribeElasticityAssurances DescribeEniMonitorData DescribeForwardTableEntries DescribeHaVips
        DescribeHpcClusters DescribeImageComponents DescribeImageFromFamily DescribeImagePipelineExecutions
        DescribeImagePipelines DescribeImageSharePermission DescribeImageSupportInstanceTypes DescribeImages
        DescribeInstanceAttachmentAttributes DescribeInstanceAttribute DescribeInstanceAutoRenewAttribute
        DescribeInstanceHistoryEvents DescribeInstanceMaintenanceAttributes DescribeInstanceModificationPrice
        DescribeInstanceMonitorData DescribeInstanceRAMRole DescribeInstanceRamRole DescribeInstanceStatus
        DescribeInstanceTopology DescribeInstanceTypeFamilies DescribeInstanceTypes DescribeInstanceVncUrl
        DescribeInstances DescribeInstancesFullStatus DescribeInvocationResults DescribeInvocations
        DescribeKeyPairs DescribeLaunchTemplateVersions DescribeLaunchTemplates DescribeLimitation
        DescribeLockedSnapshots DescribeManagedInstances DescribeNatGateways DescribeNetworkInterfaceAttribute
        DescribeNetworkInterfacePermissions DescribeNetworkInterfaces DescribeNewProjectEipMonitorData
        DescribePhysicalConnections DescribePlanMaintenanceWindows DescribePortRangeListAssociations
        DescribePortRangeListEntries DescribePortRangeLists DescribePrefixListAssociations
        DescribePrefixListAttributes DescribePrefixLists DescribePrice DescribeRecommendInstanceType
        DescribeRegions DescribeRenewalPrice DescribeReservedInstanceAutoRenewAttribute
        DescribeReservedInstances DescribeResourceByTags DescribeResourcesModification DescribeRouteTables
        DescribeRouterInterfaces DescribeSavingsPlanEstimation DescribeSavingsPlanPrice
        DescribeSecurityGroupAttribute DescribeSecurityGroupReferences DescribeSecurityGroups
        DescribeSendFileResults DescribeSnapshotGroups DescribeSnapshotLinks DescribeSnapshotMonitorData
        DescribeSnapshotPackage DescribeSnapshots DescribeSnapshotsUsage DescribeSpotAdvice
        DescribeSpotPriceHistory DescribeStorageCapacityUnits DescribeStorageSetDetails DescribeStorageSets
        DescribeTags DescribeTaskAttribute DescribeTasks DescribeTerminalSessions DescribeUserBusinessBehavior
        DescribeUserData DescribeVRouters DescribeVSwitches DescribeVirtualBorderRouters
        DescribeVirtualBorderRoutersForPhysicalConnection DescribeVpcs DescribeVscs DescribeZones
        DetachClassicLinkVpc DetachDisk DetachInstanceRamRole DetachKeyPair DetachNetworkInterface
        DisableActivation DisableDiskEncryptionByDefault DisableNetworkInterfaceQoS
        EnableDiskEncryptionByDefault EnableNetworkInterfaceQoS EnablePhysicalConnection EndTerminalSession
        ExportImage ExportSnapshot GetInstanceConsoleOutput GetInstanceScreenshot ImportImage ImportKeyPair
        InstallCloudAssistant InvokeCommand JoinResourceGroup JoinSecurityGroup LeaveSecurityGroup
        ListPluginStatus ListTagResources LockSnapshot ModifyAutoProvisioningGroup ModifyAutoSnapshotPolicyEx
        ModifyBandwidthPackageSpec ModifyCapacityReservation ModifyCloudAssistantSettings ModifyCommand
        ModifyDedicatedHostAttribute ModifyDedicatedHostAutoReleaseTime ModifyDedicatedHostAutoRenewAttribute
        ModifyDedicatedHostClusterAttribute ModifyDedicatedHostsChargeType ModifyDeploymentSetAttribute
        ModifyDiagnosticMetricSet ModifyDiskAttribute ModifyDiskChargeType ModifyDiskDefaultKMSKeyId
        ModifyDiskDeployment ModifyDiskSpec ModifyEipAddressAttribute ModifyElasticityAssurance
        ModifyElasticityAssuranceAutoRenewAttribute ModifyForwardEntry ModifyHaVipAttribute
        ModifyHpcClusterAttribute ModifyImageAttribute ModifyImageShareGroupPermission
        ModifyImageSharePermission ModifyInstanceAttachmentAttributes ModifyInstanceAttribute
        ModifyInstanceAutoReleaseTime ModifyInstanceAutoRenewAttribute ModifyInstanceChargeType
        ModifyInstanceClockOptions ModifyInstanceDeployment ModifyInstanceMaintenanceAttributes
        ModifyInstanceMetadataOptions ModifyInstanceNetworkOptions ModifyInstanceNetworkSpec
        ModifyInstanceSecurityOptions ModifyInstanceSpec ModifyInstanceVncPasswd ModifyInstanceVpcAttribute
        ModifyInvocationAttribute ModifyLaunchTemplateDefaultVersion ModifyManagedInstance
        ModifyNetworkInterfaceAttribute ModifyPhysicalConnectionAttribute ModifyPlanMaintenanceWindow
        ModifyPortRangeList ModifyPrefixList ModifyPrepayInstanceSpec ModifyReservedInstanceAttribute
        ModifyReservedInstanceAutoRenewAttribute ModifyReservedInstances ModifyRouterInterfaceAttribute
        ModifyRouterInterfaceSpec ModifySecurityGroupAttribute ModifySecurityGroupEgressRule
        ModifySecurityGroupPolicy ModifySecurityGroupRule ModifySnapshotAttribute ModifySnapshotCategory
        ModifySnapshotGroup ModifyStorageCapacityUnitAttribute ModifyStorageSetAttribute
        ModifySystemEventAttribute ModifyUserBusinessBehavior ModifyVRouterAttribute ModifyVSwitchAttribute
        ModifyVirtualBorderRouterAttribute ModifyVpcAttribute OpenSnapshotService
        PurchaseReservedInstancesOffering PurchaseStorageCapacityUnit ReActivateInstances ReInitDisk
        RebootInstance RebootInstances RecoverVirtualBorderRouter RedeployDedicatedHost RedeployInstance
        ReleaseCapacityReservation ReleaseDedicatedHost ReleaseEipAddress ReleasePublicIpAddress
        RemoveBandwidthPackageIps RemoveTags RenewDedicatedHosts RenewElasticityAssurances RenewInstance
        RenewReservedInstances ReplaceSystemDisk ReportInstancesStatus ResetDisk ResetDiskDefaultKMSKeyId
        ResetDisks ResizeDisk RevokeSecurityGroup RevokeSecurityGroupEgress RunCommand RunInstances
        SendDiagnosticInterrupt SendFile StartImagePipelineExecution StartInstance StartInstances
        StartTerminalSession StopInstance StopInstances StopInvocation TagResources TerminatePhysicalConnection
        TerminateVirtualBorderRouter UnassignIpv6Addresses UnassignPrivateIpAddresses UnassociateEipAddress
        UnassociateHaVip UnlockSnapshot UntagResources
    """,
    "OOS": """
        AnalyzeGitRepository CancelExecution ChangeResourceGroup CheckGitRepoFileExists CheckGitRepositoryExists
        ContinueDeployApplicationGroup CreateApplication CreateApplicationGroup CreateChatConfiguration
        CreateDeployRevision CreateGitRepository CreateOpsItem CreateParameter CreatePatchBaseline
        CreateSecretParameter CreateStateConfiguration CreateTemplate DeleteApplication DeleteApplicationGroup
        DeleteChatConfiguration DeleteExecutions DeleteOpsItems DeleteParameter DeletePatchBaseline
        DeleteSecretParameter DeleteStateConfigurations DeleteTemplate DeleteTemplates DeployApplicationGroup
        DescribeApplicationGroupBill DescribeRegions GenerateExecutionPolicy GenerateOpsItem GetApplication
        GetApplicationGroup GetChatConfiguration GetExecutionTemplate GetGitBranch GetGitRepository
        GetInventorySchema GetOpsItem GetParameter GetParameters GetParametersByPath GetPatchBaseline
        GetSecretParameter GetSecretParameters GetSecretParametersByPath GetServiceSettings GetTemplate
        GetTemplateParameterConstraints ListActions ListApplicationGroups ListApplications
        ListChatConfigurations ListExecutionLogs ListExecutionRiskyTasks ListExecutions ListGitAccounts
        ListGitBranches ListGitOrganizations ListGitRepositories ListGitRepositoryContents
        ListInstancePackageStates ListInstancePatchStates ListInstancePatches ListInventoryEntries ListOpsItems
        ListParameterVersions ListParameters ListPatchBaselines ListResourceExecutionStatus
        ListSecretParameterVersions ListSecretParameters ListStateConfigurations ListTagKeys ListTagResources
        ListTagValues ListTaskExecutionInvocations ListTaskExecutions ListTemplateVersions ListTemplates
        NotifyExecution RegisterDefaultPatchBaseline SearchInventory SetServiceSettings StartDebugExecution
        StartExecution TagResources TriggerExecution UntagResources UpdateApplication UpdateApplicationGroup
        UpdateChatConfiguration UpdateExecution UpdateInstancePackageState UpdateOpsItem UpdateParameter
        UpdatePatchBaseline UpdateSecretParameter UpdateStateConfiguration UpdateTemplate
        UpdateTemplateAttributes ValidateTemplateContent
    """,
    "TAG": """
        AttachPolicy CheckCreatedByEnabled CloseCreatedBy CreateAssociatedResourceRules CreatePolicy CreateTags
        DeleteAssociatedResourceRule DeletePolicy DeleteTag DescribeRegions DetachPolicy DisablePolicyType
        EnablePolicyType GenerateConfigRuleReport GetConfigRuleReport GetEffectivePolicy GetPolicy
        GetPolicyEnableStatus ListAssociatedResourceRules ListConfigRulesForTarget ListPolicies
        ListPoliciesForTarget ListResourcesByTag ListSupportResourceTypes ListTagKeys ListTagResources
        ListTagValues ListTargetsForPolicy ModifyPolicy OpenCreatedBy TagResources UnTagResources UntagResources
        UpdateAssociatedResourceRule
    """,
    "VPC": """
        ActivateRouterInterface ActiveFlowLog AddBgpNetwork AddCommonBandwidthPackageIp
        AddCommonBandwidthPackageIps AddGlobalAccelerationInstanceIp AddIPv6TranslatorAclListEntry
        AddPublicIpAddressPoolCidrBlock AddSourcesToTrafficMirrorSession AllocateEipAddress
        AllocateEipAddressPro AllocateEipSegmentAddress AllocateIpv6Address AllocateIpv6InternetBandwidth
        AllocateVpcIpv6Cidr ApplyPhysicalConnectionLOA AssociateEipAddress AssociateEipAddressBatch
        AssociateHaVip AssociateMacSecKey AssociateNetworkAcl AssociatePhysicalConnectionToVirtualBorderRouter
        AssociateRouteTable AssociateRouteTableWithGateway AssociateRouteTablesWithVpcGatewayEndpoint
        AssociateVpcCidrBlock AssociateVpnGatewayWithCertificate AttachDhcpOptionsSetToVpc AttachVbrToVpconn
        CancelCommonBandwidthPackageIpBandwidth CancelPhysicalConnection ChangeResourceGroup
        CheckCanAllocateVpcPrivateIpAddress CheckVpnBgpEnabled CompletePhysicalConnectionLOA
        ConfirmPhysicalConnection ConnectRouterInterface CopyNetworkAclEntries CreateBgpGroup CreateBgpPeer
        CreateCommonBandwidthPackage CreateCustomerGateway CreateDefaultVSwitch CreateDefaultVpc
        CreateDhcpOptionsSet CreateEnhancedVpnGateway CreateExpressCloudConnection
        CreateExpressConnectTrafficQos CreateExpressConnectTrafficQosQueue CreateExpressConnectTrafficQosRule
        CreateFailoverTestJob CreateFlowLog CreateForwardEntry CreateFullNatEntry
        CreateGlobalAccelerationInstance CreateHaVip CreateHighReliablePhysicalConnection CreateIPv6Translator
        CreateIPv6TranslatorAclList CreateIPv6TranslatorEntry CreateIpsecServer CreateIpv4Gateway
        CreateIpv6EgressOnlyRule CreateIpv6Gateway CreateNatGateway CreateNatIp CreateNatIpCidr CreateNetworkAcl
        CreatePhysicalConnection CreatePhysicalConnectionOccupancyOrder CreatePhysicalConnectionSetupOrder
        CreatePublicIpAddressPool CreateRouteEntries CreateRouteEntry CreateRouteTable CreateRouteTargetGroup
        CreateRouterInterface CreateSnatEntry CreateSslVpnClientCert CreateSslVpnServer
        CreateTrafficMirrorFilter CreateTrafficMirrorFilterRules CreateTrafficMirrorSession CreateVSwitch
        CreateVSwitchCidrReservation CreateVbrHa CreateVcoRouteEntry CreateVirtualBorderRouter
        CreateVirtualPhysicalConnection CreateVpc CreateVpcGatewayEndpoint CreateVpcPrefixList
        CreateVpconnFromVbr CreateVpnAttachment CreateVpnConnection CreateVpnGateway CreateVpnPbrRouteEntry
        CreateVpnRouteEntry DeactivateRouterInterface DeactiveFlowLog DeleteBgpGroup DeleteBgpNetwork
        DeleteBgpPeer DeleteCommonBandwidthPackage DeleteCustomerGateway DeleteDhcpOptionsSet
        DeleteEnhancedVpnGateway DeleteExpressConnect DeleteExpressConnectTrafficQos
        DeleteExpressConnectTrafficQosQueue DeleteExpressConnectTrafficQosRule DeleteFailoverTestJob
        DeleteFlowLog DeleteForwardEntry DeleteFullNatEntry DeleteGlobalAccelerationInstance DeleteHaVip
        DeleteIPv6Translator DeleteIPv6TranslatorAclList DeleteIPv6TranslatorEntry DeleteIpsecServer
        DeleteIpv4Gateway DeleteIpv6EgressOnlyRule DeleteIpv6Gateway DeleteIpv6InternetBandwidth
        DeleteNatGateway DeleteNatIp DeleteNatIpCidr DeleteNetworkAcl DeletePhysicalConnection
        DeletePublicIpAddressPool DeletePublicIpAddressPoolCidrBlock DeleteRouteEntries DeleteRouteEntry
        DeleteRouteTable DeleteRouteTargetGroup DeleteRouterInterface DeleteSnatEntry DeleteSslVpnClientCert
        DeleteSslVpnServer DeleteTrafficMirrorFilter DeleteTrafficMirrorFilterRules DeleteTrafficMirrorSession
        DeleteVSwitch DeleteVSwitchCidrReservation DeleteVbrHa DeleteVcoRouteEntry DeleteVirtualBorderRouter
        DeleteVpc DeleteVpcGatewayEndpoint DeleteVpcPrefixList DeleteVpnAttachment DeleteVpnConnection
        DeleteVpnGateway DeleteVpnPbrRouteEntry DeleteVpnRouteEntry DeletionProtection Describe95Traffic
        DescribeAccessPoints DescribeBgpGroups DescribeBgpNetworks DescribeBgpPeers
        DescribeCommonBandwidthPackages DescribeCustomerGateway DescribeCustomerGateways DescribeEcGrantRelation
        DescribeEipAddresses DescribeEipGatewayInfo DescribeEipMonitorData DescribeEipSegment
        DescribeExpressConnectTrafficQos DescribeExpressConnectTrafficQosQueue
        DescribeExpressConnectTrafficQosRule DescribeFailoverTestJob DescribeFailoverTestJobs DescribeFlowLogs
        DescribeForwardTableEntries DescribeGlobalAccelerationInstances DescribeGrantRulesToCen
        DescribeGrantRulesToEcr DescribeHaVips DescribeHighDefinitionMonitorLogAttribute
        DescribeIPv6TranslatorAclListAttributes DescribeIPv6TranslatorAclLists DescribeIPv6TranslatorEntries
        DescribeIPv6Translators DescribeIpv6Addresses DescribeIpv6EgressOnlyRules DescribeIpv6GatewayAttribute
        DescribeIpv6Gateways DescribeNatGatewayAssociateNetworkInterfaces DescribeNatGateways
        DescribeNetworkAclAttributes DescribeNetworkAcls DescribePhysicalConnectionLOA
        DescribePhysicalConnections DescribePublicIpAddress DescribeRegions DescribeRouteEntryList
        DescribeRouteTableList DescribeRouteTables DescribeRouterInterfaceAttribute DescribeRouterInterfaces
        DescribeServerRelatedGlobalAccelerationInstances DescribeSnatTableEntries DescribeSslVpnClientCert
        DescribeSslVpnClientCerts DescribeSslVpnClients DescribeSslVpnServers DescribeTagKeys
        DescribeTagKeysForExpressConnect DescribeTags DescribeVRouters DescribeVSwitchAttributes
        DescribeVSwitches DescribeVbrHa DescribeVcoRouteEntries DescribeVirtualBorderRouters
        DescribeVirtualBorderRoutersForPhysicalConnection DescribeVpcAttribute DescribeVpcGrantRulesToEcr
        DescribeVpcs DescribeVpnAttachments DescribeVpnConnection DescribeVpnConnectionLogs
        DescribeVpnConnections DescribeVpnCrossAccountAuthorizations DescribeVpnGateway
        DescribeVpnGatewayAvailableZones DescribeVpnGateways DescribeVpnPbrRouteEntries DescribeVpnRouteEntries
        DescribeVpnSslServerLogs DescribeZones DetachDhcpOptionsSetFromVpc DiagnoseVpnConnections
        DiagnoseVpnGateway DisableVpcClassicLink DisassociateMacSecKey DissociateRouteTableFromGateway
        DissociateRouteTablesFromVpcGatewayEndpoint DissociateVpnGatewayWithCertificate
        DownloadVpnConnectionConfig EnablePhysicalConnection EnableVpcClassicLink EnableVpcIpv4Gateway
        GetDhcpOptionsSet GetFlowLogServiceStatus GetIpv4GatewayAttribute GetNatGatewayAttribute
        GetPhysicalConnectionServiceStatus GetPublicIpAddressPoolServiceStatus GetRouteTargetGroup
        GetTrafficMirrorServiceStatus GetVSwitchCidrReservationUsage GetVpcGatewayEndpointAttribute
        GetVpcPrefixListAssociations GetVpcPrefixListEntries GetVpcRouteEntrySummary GetVpnGatewayDiagnoseResult
        GrantInstanceToCen GrantInstanceToVbr ListBusinessAccessPoints ListBusinessRegions ListDhcpOptionsSets
        ListEnhanhcedNatGatewayAvailableZones ListFullNatEntries ListGatewayRouteTableEntries
        ListGeographicSubRegions ListIpsecServerLogs ListIpsecServers ListIpv4Gateways ListNatIpCidrs ListNatIps
        ListPhysicalConnectionFeatures ListPrefixLists ListPublicIpAddressPoolCidrBlocks
        ListPublicIpAddressPools ListRouteTargetGroups ListTagResources ListTagResourcesForExpressConnect
        ListTrafficMirrorFilters ListTrafficMirrorSessions ListVSwitchCidrReservations
        ListVirtualPhysicalConnections ListVpcEndpointServicesByEndUser ListVpcGatewayEndpoints
        ListVpcPublishedRouteEntries ListVpnCertificateAssociations ModifyBgpGroupAttribute
        ModifyBgpPeerAttribute ModifyCommonBandwidthPackageAttribute ModifyCommonBandwidthPackageIpBandwidth
        ModifyCommonBandwidthPackageSpec ModifyCustomerGatewayAttribute ModifyEipAddressAttribute
        ModifyEipForwardMode ModifyExpressCloudConnectionAttribute ModifyExpressCloudConnectionBandwidth
        ModifyExpressConnectTrafficQos ModifyExpressConnectTrafficQosQueue ModifyExpressConnectTrafficQosRule
        ModifyFlowLogAttribute ModifyForwardEntry ModifyFullNatEntryAttribute
        ModifyGlobalAccelerationInstanceAttributes ModifyGlobalAccelerationInstanceSpec ModifyHaVipAttribute
        ModifyIPv6TranslatorAclAttribute ModifyIPv6TranslatorAclListEntry ModifyIPv6TranslatorAttribute
        ModifyIPv6TranslatorBandwidth ModifyIPv6TranslatorEntry ModifyIpv6AddressAttribute
        ModifyIpv6GatewayAttribute ModifyIpv6InternetBandwidth ModifyNatGatewayAttribute ModifyNatGatewaySpec
        ModifyNatIpAttribute ModifyNatIpCidrAttribute ModifyNetworkAclAttributes
        ModifyPhysicalConnectionAttribute ModifyRouteEntry ModifyRouteTableAttributes
        ModifyRouterInterfaceAttribute ModifyRouterInterfaceSpec ModifySnatEntry ModifySslVpnClientCert
        ModifySslVpnServer ModifyTunnelAttribute ModifyVRouterAttribute ModifyVSwitchAttribute
        ModifyVSwitchCidrReservationAttribute ModifyVcoRouteEntryWeight ModifyVirtualBorderRouterAttribute
        ModifyVpcAttribute ModifyVpcCidrBlock ModifyVpcPrefixList ModifyVpnAttachmentAttribute
        ModifyVpnConnectionAttribute ModifyVpnGatewayAttribute ModifyVpnPbrRouteEntryAttribute
        ModifyVpnPbrRouteEntryPriority ModifyVpnPbrRouteEntryWeight ModifyVpnRouteEntryWeight MoveResourceGroup
        MoveVpnResourceGroup OpenFlowLogService OpenPhysicalConnectionService OpenPublicIpAddressPoolService
        OpenTrafficMirrorService PublishVpcRouteEntries PublishVpnRouteEntry RecoverPhysicalConnection
        RecoverVirtualBorderRouter ReleaseEipAddress ReleaseEipSegmentAddress ReleaseIpv6Address
        RemoveCommonBandwidthPackageIp RemoveGlobalAccelerationInstanceIp RemoveIPv6TranslatorAclListEntry
        RemoveSourcesFromTrafficMirrorSession ReplaceVpcDhcpOptionsSet RetryVpcPrefixListAssociation
        RevokeInstanceFromCen RevokeInstanceFromVbr SecondApplyPhysicalConnectionLOA
        SetHighDefinitionMonitorLogStatus StartFailoverTestJob StopFailoverTestJob SwitchActiveRouteTarget
        TagResources TagResourcesForExpressConnect TerminatePhysicalConnection TerminateVirtualBorderRouter
        TransformEipSegmentToPublicIpAddressPool UnTagResources UnassociateEipAddress
        UnassociateGlobalAccelerationInstance UnassociateHaVip UnassociateNetworkAcl
        UnassociatePhysicalConnectionFromVirtualBorderRouter UnassociateRouteTable UnassociateVpcCidrBlock
        UntagResourcesForExpressConnect UpdateDhcpOptionsSetAttribute UpdateEnhancedVpnGateway
        UpdateFailoverTestJob UpdateGatewayRouteTableEntryAttribute UpdateIpsecServer UpdateIpv4GatewayAttribute
        UpdateNatGatewayNatType UpdateNetworkAclEntries UpdatePublicIpAddressPoolAttribute
        UpdateRouteTargetGroup UpdateTrafficMirrorFilterAttribute UpdateTrafficMirrorFilterRuleAttribute
        UpdateTrafficMirrorSessionAttribute UpdateVirtualBorderBandwidth UpdateVirtualPhysicalConnection
        UpdateVpcGatewayEndpointAttribute VpcDescribeVpcNatGatewayNetworkInterfaceQuota
        WithdrawVpcPublishedRouteEntries
    """,
}

_PRODUCT_ACTIONS: Final = {
    "Approve": """
        DingTalkWebhook
    """,
    "CICD": """
        DockerBuild DockerDeploy DockerDeployOnSingleEcs GenerateOssUrl GitCodeRepo LocalBuildAndDeploy
        SoftwarePackageBuild SoftwarePackageDeploy SoftwarePackageDeployOnSingleEcs
    """,
    "CN": """
        DetermineUpgradeServiceInstanceTypeAndPerformUpgrade RollbackServiceInstance UpgradeServiceInstance
        UpgradeServiceInstanceByReplaceSystemDisk UpgradeServiceInstanceByRunCommand UpgradeServiceInstanceStep
    """,
    "CR": """
        GetAuthorizationToken
    """,
    "CS": """
        FCRunCommand RunCommand
    """,
    "ECD": """
        ApplyPatchBaseline ModifyDesktopChargeType RebootDesktop RebuildDesktop RunCommand SetRenewal
        StartDesktop StopDesktop
    """,
    "ECI": """
        ExecContainerCommand
    """,
    "ECS": """
        AddEipToCommonBandwidthPackage AlarmScalingThreshold AlarmSpotPriceByDiscountThreshold
        AlarmSpotPriceByDiscountThresholdWithMultiTypes AlarmSpotPriceOrDiscountByScalingGroupInstance
        AlarmSpotPriceOrDiscountBySingleScalingGroup AlarmSpotPriceOrDiscountThresholdByScalingGroup
        AllocateAndAssociateEipAddress AllocateEipAddressAndAttachToInstance AllocatePublicIpAddress
        ApplyAnsiblePlayBook ApplyAutoSnapshotPolicy ApplyPatchBaseline ApplyPatchBaselineOnMangedInstance
        AttachDisk AttachEipToInstance AttachKeyPair AttachKeyPairOnline AttachNASFileSystemToInstance
        BulkyEncryptDataDisk CancelDiskAutoSnapshotPolicies CheckAvailableInstanceTypes CleanUpDisk
        CloneInstance CloneInstanceAcrossAZ CloneInstanceWithIncrementSnapshot CloneReservedInstance
        ConfigureMultipleOOSPackagesWithTemporaryURL ConfigureOOSPackage ConfigureOOSPackageWithTemporaryURL
        ConfigureOOSPackageWithTemporaryURLFullActions ConfigureOOSUtil
        ConvertPublicToEIPAndAddToCommonBandwidthPackage CopyImage CopyLinuxInstanceFileFromOSS
        CopyLinuxInstanceFileToOSS CreateAndAttachAndInitDataDisk CreateAndAttachDisk
        CreateAndAttachNetworkInterface CreateDiagnoseReport CreateDiagnoseReportForInstanceConnectionFailure
        CreateImage CreateImageForSystemDisk CreateNetworkInterfaceAndEipAndAttachToInstance CreateSavingsPlan
        CreateSnapshot DeleteCustomImagesLinkedToSnapshot DeleteImage DeleteImageByName DeleteInstance
        DeletePrepaidInstance DeleteSnapshotGroups DeleteSnapshotsExceptSharedFromOthers
        DeleteUnrelatedSnapshots DescribeInstancesByName DescribeInstancesByStatus DescribeInstancesByTag
        DescribeSavingsPlanPrice DescribeSavingsPlanPriceByInstanceGroup DetachDisk DetachKeyPairOnline
        DetachNetworkInterfaceAndDeleteEip DisassociateSharedImages DisassociateSharedSnapshots DownloadFile
        DownloadFileAndRunCommand DownloadOSSFileAndRunCommand DownloadOssFile
        ElegantReplaceSystemDiskInSLBDefaultServerGroup ElegantReplaceSystemDiskInSLBVServerGroup
        ElegantRunCommandInSLBDefaultServerGroup ElegantRunCommandInSLBVServerGroup
        EnableInstanceDeletionProtection EncryptDataDisk EncryptSystemDisk GetIpAddressAndModifyInstanceName
        InheritDiskTagToSnapshot InstallAegisAgent InstallCloudAssistant InstallDockerCE InstallLogtail
        InvokeCommand ModifyCreditSpecification ModifyInstanceAttribute ModifyInstanceAutoRenewAttribute
        ModifyInstanceChargeType ModifyInstanceChargeTypeSpecifiedInstanceTypeFamilies ModifyInstanceSpec
        ModifyInstanceVpcAttribute ModifyPrepaySpec ModifySharedImageSharePermission
        ModifyUserPasswordBySecretParameter ModifyVncPassword PurchaseReservedInstancesOffering PutInventory
        QueryInstanceAttributes ReInitDisk RebootInstance ReleaseEipAddress RemoveEipFromCommonBandwidthPackage
        ReplaceSystemDisk ResetDisk ResetPassword ResizeDisk RunCommand RunCommandForApplyPatchBaseline
        RunCommandForLongTime RunImageTemplateCommand RunInstances RunInstancesFromTemplate RunPacker
        SMCConversionConstantByJqScript SMCVerifyInstanceByRunCommand StartInstance StopInstance
        TagInstanceByLinuxKernelVersion TagInstanceByOSType TagInstanceByRunCommandResult
        UpdateCustomImageTagsByEcsInstanceTags UpdateDiskTagsByEcsInstanceTags UpdateEipTagsByEcsInstanceTags
        UpdateEniTagsByEcsInstanceTags UpdateLaunchTemplate UpdateSnapshotTagsByEcsInstanceTags UploadOssFile
    """,
    "ESS": """
        ConfigureOOSPackage DownloadFileAndRunCommand DownloadOSSFileAndRunCommand ModifyPolarDBIPWhitelist
        ModifyScalingGroupImageConfiguration ModifyScalingGroupLifecycleHook ReplaceSystemDisk RunCommand
        RunCommandOnSpecifiedInstance UpdateContainerGroup
    """,
    "FC": """
        ExecuteScript InvokeFunction
    """,
    "HBR": """
        RestoreHanaDatabaseBackup
    """,
    "Notify": """
        DingTalkWebhook
    """,
    "OOS": """
        BuildDockerImageOnTemporaryEcsAndUploadToACR BuildOnTemporaryEcsAndUploadToOss
    """,
    "OSS": """
        GenerateUrl
    """,
    "RDC": """
        NewRunCommand RunCommand RunCommandByDevops RunCommandByStaragent
    """,
    "RDS": """
        CreateAccount CreateBackup CreateDatabase CreateDbInstance DeleteDbInstance GrantAccountPrivilege
        ModifyDBInstanceSpec ModifySecurityIpsByInstanceIPArray RecoveryDbInstance RestartDbInstance
        StartInstance StopInstance UpgradeDbInstanceEngineVersion
    """,
    "ROS": """
        CreateStack DeleteStack
    """,
    "Redis": """
        CreateBackupAndUploadToOSS DeleteSecurityIpByInstanceIPArray UpgradeRedisInstanceBandwidth
    """,
    "SAE": """
        CreateApplication
    """,
    "SLB": """
        SetLoadBalancerDeleteProtection
    """,
    "TAG": """
        GetARNsByTag TagResourceByTagIgnoreCaseSensitive TagResourceByTagsIgnoreCaseSensitive TagResources
    """,
    "VPC": """
        UpgradeEipBandwidth
    """,
}

_FOLDED: Final = {
    service.casefold(): {name.casefold(): name for name in names.split()} for service, names in _OPERATIONS.items()
}
ACTIONS: Final = tuple(
    f"ACS::{product}::{name}" for product, names in _PRODUCT_ACTIONS.items() for name in names.split()
)
_FOLDED_ACTIONS: Final = frozenset(name.casefold() for name in ACTIONS)


def is_operation(service: str, name: str) -> bool:
    """Whether the cloud has this operation, as far as we know."""
    return name.casefold() in _FOLDED.get(service.casefold(), {})


def operations_of(service: str) -> tuple[str, ...]:
    """The operations that the cloud has of a service, as far as we know."""
    return tuple(_FOLDED.get(service.casefold(), {}).values())


def is_product_action(name: str) -> bool:
    """Whether the cloud has this product action, as far as we know."""
    return name.casefold() in _FOLDED_ACTIONS
